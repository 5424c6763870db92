"""Does the input pipeline starve the training step?

Trains on a data set with the real pipeline (reading, augmenting, batching) and on one batch that lies
ready, in turns, and compares the median times a step. A ratio of 1.00 means that the pipeline costs
nothing; the goal is at most 1.05 with unet-16 on two cores.

    python benchmarks/input_pipeline.py DATA [--preset unet-16] [--rounds 5] [--steps 20] [--out FILE]
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from edgeseg.data.dataset import open_dataset
from edgeseg.host.training import fit, run_folder
from edgeseg.host.training.keras import tf
from edgeseg.host.training.pipeline import batches, epoch_dataset
from edgeseg.host.training.trainee import from_scratch
from edgeseg.networks.families import preset


def step_times(model: Any, examples: Any, steps: int) -> list[float]:
    """Seconds of each step; the first is left out, since the pipeline fills while it runs."""
    times = []
    iterator = iter(examples)
    for _ in range(steps + 1):
        start = time.perf_counter()
        images, masks = next(iterator)
        model.train_on_batch(images, masks, return_dict=True)
        times.append(time.perf_counter() - start)
    return times[1:]


def measure(data: Path, name: str, rounds: int, steps: int) -> dict[str, Any]:
    """Both kinds of steps in turns: A B A B."""
    chosen, dataset = preset(name), open_dataset(data)
    with tempfile.TemporaryDirectory() as folder:
        run = run_folder.create_run(
            Path(folder) / "run", chosen.network, chosen.training, dataset, force=False
        )
        training = fit.Training(run, dataset, from_scratch, lambda *_: None)
        images, model = training.images, training.model
        batch = tuple(tf.constant(each) for each in next(batches(images, chosen.training, 0)))
        step_times(model, itertools.repeat(batch), 3)
        real: list[float] = []
        cached: list[float] = []
        for epoch in range(rounds):
            real += step_times(model, epoch_dataset(images, chosen.training, epoch), steps)
            cached += step_times(model, itertools.repeat(batch), steps)
    ratio = statistics.median(real) / statistics.median(cached)
    return {"preset": name, "dataset": dataset.name, "ratio": ratio, "real_s": real, "cached_s": cached}


def main() -> None:
    """Measure, print, and keep the raw times where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--preset", default="unet-16")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    result = measure(arguments.data, arguments.preset, arguments.rounds, arguments.steps)
    for kind in ("real", "cached"):
        times = result[f"{kind}_s"]
        print(f"{kind:>6}: median {statistics.median(times) * 1e3:.1f} ms a step over {len(times)} steps")
    print(f" ratio: {result['ratio']:.3f}")
    if arguments.out:
        arguments.out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
