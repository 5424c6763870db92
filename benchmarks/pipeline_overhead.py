"""What the way to the network and back costs: grey values in, mask out, against bare invoke.

    python benchmarks/pipeline_overhead.py MODEL.tflite --out results.json

A pair is one bare `invoke` of a loaded tile, and the whole pipeline on a tile: preprocessing, one XOR,
handing it over, `invoke`, copying the answer, the sign test. Which of the two goes first changes from pair
to pair, so whatever else the machine does hits both alike. The overhead is the median of the pairs' ratios,
less 1. The pieces are timed apart as well, without the network between them.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from edgeseg import files
from edgeseg.data.images import Grey8
from edgeseg.data.synthetic.synth import synthesize
from edgeseg.machine.description import read_machine
from edgeseg.machine.state import read_state
from edgeseg.model import preprocessing
from edgeseg.model.artifact import Artifact, load_artifact
from edgeseg.model.runtimes.registry import find_runtime
from edgeseg.model.segmenter import Segmenter
from edgeseg.records import to_data

#: The pipeline may take so much more than the network alone.
LIMIT = 0.10

Samples = dict[str, list[int]]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", type=Path, help="an int8 .tflite file")
    parser.add_argument("--pairs", type=int, default=500)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, help="where to write all samples as JSON")
    chosen = parser.parse_args()
    artifact = load_artifact(chosen.model)
    segmenter = Segmenter(artifact, threads=chosen.threads)
    height, width = segmenter.shape
    image = synthesize(1, size=max(height, width))[0][:height, :width]
    before = read_state()
    samples = measure(artifact, segmenter, image, chosen.pairs)
    after = read_state()
    found = summary(samples)
    print(
        f"invoke {found['invoke_p50_ms']:.3f} ms, pipeline {found['pipeline_p50_ms']:.3f} ms, "
        f"overhead {found['overhead']:.2%} (median of {chosen.pairs} pairs); prepare "
        f"{found['prepare_p50_ms']:.3f} ms, output {found['output_p50_ms']:.3f} ms apart"
    )
    if chosen.out:
        runtime = find_runtime()
        content = {
            "model": {"file": artifact.path.name, "sha256": files.sha256_bytes(artifact.data)},
            "tile": [width, height],
            "threads": chosen.threads,
            "limit": LIMIT,
            **found,
            "machine": to_data(read_machine(runtime=str(runtime))),
            "before": to_data(before),
            "after": to_data(after),
            "python": platform.python_version(),
            "samples_ns": samples,
        }
        files.write_json(chosen.out, content)
    if found["overhead"] > LIMIT:
        sys.exit(f"the overhead is above {LIMIT:.0%}")


def measure(artifact: Artifact, segmenter: Segmenter, image: Grey8, pairs: int) -> Samples:
    """Nanoseconds of each; the first tenth of the pairs warms up and is not counted."""

    def pipeline() -> None:
        segmenter.mask(preprocessing.apply(image, artifact.preprocessing))

    def prepare() -> None:
        segmenter.load(preprocessing.apply(image, artifact.preprocessing))

    def output() -> None:
        segmenter.decode(segmenter.output())

    names: tuple[tuple[str, Callable[[], None]], ...] = (("invoke", segmenter.run), ("pipeline", pipeline))
    samples: Samples = {name: [] for name in ("invoke", "pipeline", "prepare", "output")}
    warm_up = max(1, pairs // 10)
    prepare()
    for index in range(-warm_up, pairs):
        pair = names if index % 2 else names[::-1]
        for name, work in (*pair, ("prepare", prepare), ("output", output)):
            spent = timed(work)
            if index >= 0:
                samples[name].append(spent)
    return samples


def timed(work: Callable[[], None]) -> int:
    start = time.perf_counter_ns()
    work()
    return time.perf_counter_ns() - start


def summary(samples: Samples) -> dict[str, float]:
    """Medians in milliseconds, and the overhead with its spread over the pairs."""
    ratios = np.array(samples["pipeline"]) / np.array(samples["invoke"]) - 1
    medians = {f"{name}_p50_ms": statistics.median(values) / 1e6 for name, values in samples.items()}
    quartiles = np.percentile(ratios, (25, 50, 75)).tolist()
    return {**medians, **dict(zip(("overhead_p25", "overhead", "overhead_p75"), quartiles, strict=True))}


if __name__ == "__main__":
    main()
