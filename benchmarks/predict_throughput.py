"""How much of the speed of the bare network `edgeseg predict` keeps: images/s against bare invoke.

    python benchmarks/predict_throughput.py MODEL.tflite --out results.json

Writes synthetic images of the model's size as PNG, then takes turns: a round of bare invokes of one
tile, and a round of predicting the files into a folder (reading, masks, overlays and tables included,
loading the model not). Taking turns lets whatever else the machine does hit both alike; a ratio is
formed for each pair of rounds, and the medians are what counts. The network and OpenCV have one thread
each; predict measures and writes an image on another thread while the network is at the next. The
ratio of processor time, which counts all threads, is what a single core would get.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import tempfile
import time
from pathlib import Path

import cv2

from edgeseg import files
from edgeseg.data import images
from edgeseg.data.synthetic.synth import synthesize
from edgeseg.model.artifact import Artifact, load_artifact
from edgeseg.model.runtimes.registry import find_runtime
from edgeseg.model.segmenter import Segmenter
from edgeseg.prediction.predict import predict
from edgeseg.prediction.predict_options import PredictOptions
from edgeseg.prediction.sources import open_files

Samples = dict[str, list[float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", type=Path, help="an int8 .tflite file, e.g. of unet-16")
    parser.add_argument("--images", type=int, default=64, help="images a round")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--out", type=Path, help="where to write all samples as JSON")
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    artifact = load_artifact(chosen.model)
    with tempfile.TemporaryDirectory() as folder:
        samples = measure(artifact, Path(folder), chosen.images, chosen.rounds)
    medians = summary(samples, chosen.images)
    print(
        f"bare invoke {medians['invoke_images_per_s']:.2f} images/s, "
        f"predict {medians['predict_images_per_s']:.2f} images/s, ratio {medians['ratio']:.3f}, "
        f"of processor time {medians['cpu_ratio']:.3f} "
        f"(median of {chosen.rounds} pairs of rounds, {chosen.images} images each)"
    )
    if chosen.out:
        content = {**conditions(artifact, chosen.images), **medians, "samples": samples}
        files.write_json(chosen.out, content)


def measure(artifact: Artifact, folder: Path, count: int, rounds: int) -> Samples:
    """Seconds of each round of `count` images; a round of each before that is not counted."""
    segmenter = Segmenter(artifact, threads=1)
    height, width = segmenter.shape
    paths = tuple(folder / f"image{index:04d}.png" for index in range(count))
    for index, path in enumerate(paths):
        image = synthesize(index, size=max(height, width))[0][:height, :width]
        images.write_png(path, image)
    segmenter.load(images.read_grey8(paths[0]))
    samples: Samples = {name: [] for name in ("invoke_s", "predict_s", "invoke_cpu_s", "predict_cpu_s")}
    for index in range(-1, rounds):
        start, used = time.perf_counter(), time.process_time()
        for _ in range(count):
            segmenter.run()
        invoke, invoke_cpu = time.perf_counter() - start, time.process_time() - used
        used = time.process_time()
        Segmenter(artifact, threads=1)
        loaded = time.process_time()
        seconds = predict(artifact, open_files(paths), folder / f"out{index}", PredictOptions()).seconds
        if index >= 0:
            predict_cpu = time.process_time() - loaded - (loaded - used)
            row = (invoke, seconds, invoke_cpu, predict_cpu)
            for values, value in zip(samples.values(), row, strict=True):
                values.append(value)
    return samples


def summary(samples: Samples, count: int) -> dict[str, float]:
    """Medians: images/s of both, and the ratios within each pair of rounds."""
    return {
        "invoke_images_per_s": count / statistics.median(samples["invoke_s"]),
        "predict_images_per_s": count / statistics.median(samples["predict_s"]),
        "ratio": ratio(samples["invoke_s"], samples["predict_s"]),
        "cpu_ratio": ratio(samples["invoke_cpu_s"], samples["predict_cpu_s"]),
    }


def ratio(invoke: list[float], predicted: list[float]) -> float:
    return statistics.median(one / other for one, other in zip(invoke, predicted, strict=True))


def conditions(artifact: Artifact, count: int) -> dict[str, object]:
    runtime = find_runtime()
    return {
        "model": {"file": artifact.path.name, "sha256": files.sha256_bytes(artifact.data)},
        "images_per_round": count,
        "threads": 1,
        "runtime": f"{runtime.name} {runtime.version}",
        "opencv": cv2.__version__,
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
    }


if __name__ == "__main__":
    main()
