"""Writes the label images that a trained StarDist finds, and measures how long it takes.

    python predict_stardist.py MODEL DATA --split test --out DIR

MODEL is the folder of train_stardist.py. DIR gets labels/STEM.tif (16 bits, or 32 where there are more
cells), which `../judge_labels.py` judges in edgeseg's environment, and prediction.json with the bytes of the
network and all samples of the times.

Times are taken in a process of their own for each number of threads, on images spread evenly over the split,
in rounds, after a round that warms up. Three are taken of each image:

  normalize  the percentiles of the image
  network    the network alone, compiled, without Keras's `predict` around it: the least that it can take
  instances  `predict_instances` of the normalized image, the call that StarDist's users make: the network,
             non-maximum suppression, and the drawing of the polygons
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from peer_data import InputError, PeerSample, digest, machine, read_split, versions, write_json
from train_stardist import PERCENTILES, WEIGHTS, use_cores

STAGES = ("normalize", "network", "instances")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", type=Path, help="the folder of a trained model")
    parser.add_argument("data", type=Path, help="a data set with images/, labels/ and splits.csv")
    parser.add_argument("--split", choices=("train", "val", "test"), default="test")
    parser.add_argument("--out", type=Path, required=True, help="where labels/ and prediction.json go")
    parser.add_argument("--threads", default="1,2", help="numbers of threads to time, by commas")
    parser.add_argument("--timed", type=int, default=10, help="images to time; 0 for none")
    parser.add_argument("--rounds", type=int, default=5, help="predictions of each of them")
    chosen = parser.parse_args()
    try:
        threads = [int(each) for each in chosen.threads.split(",")]
    except ValueError:
        threads = []
    if not threads or min(threads) < 1 or chosen.rounds < 1 or chosen.timed < 0:
        parser.error("expected numbers of threads such as 1,2, at least one round, and images from 0")
    try:
        predict(chosen, threads)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


def predict(chosen: argparse.Namespace, threads: list[int]) -> None:
    samples = read_split(chosen.data, chosen.split)
    for name in ("config.json", WEIGHTS, "thresholds.json"):
        if not (chosen.model / name).is_file():
            raise InputError(
                f"expected the model of a finished training in {chosen.model}, but it has no {name}; "
                "run train_stardist.py until it ends"
            )
    timed = samples
    if chosen.timed < len(samples):
        timed = [samples[index * len(samples) // chosen.timed] for index in range(chosen.timed)]
    before = machine()
    parameters, cells = _in_a_process(
        _write_labels, chosen.model, samples, chosen.out / "labels", max(threads)
    )
    times = {
        str(count): _in_a_process(_measure, chosen.model, timed, chosen.rounds, count)
        for count in (threads if timed else [])
    }
    content = {
        "data": {
            "name": chosen.data.resolve().name, "split": chosen.split, "digest": digest(samples),
            "images": len(samples),
        },
        "versions": versions(),
        "thresholds": json.loads((chosen.model / "thresholds.json").read_text()),
        "parameters": parameters,
        "float32_bytes": 4 * parameters,
        "weights_file_bytes": (chosen.model / WEIGHTS).stat().st_size,
        "cells": cells,
        "before": before,
        "after": machine(),
        "times": times,
    }  # fmt: skip
    write_json(chosen.out / "prediction.json", content)
    print(
        f"{sum(cells.values())} cells in {len(samples)} images; {parameters:,} parameters, "
        f"{content['weights_file_bytes']:,} bytes"
    )
    for count, found in times.items():
        for stage in STAGES:
            spread = found["summary"][stage]
            print(
                f"{count} threads, {stage}: median {spread['median']:.4f} s an image "
                f"({spread['least']:.4f} to {spread['most']:.4f})"
            )


def _in_a_process(function: Any, *args: Any) -> Any:
    """Threads are set once in a process, before TensorFlow is loaded."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *args).result()


def _load(folder: Path, threads: int) -> Any:
    use_cores(threads)
    from stardist.models import StarDist2D

    whole = folder.resolve()
    return StarDist2D(None, name=whole.name, basedir=str(whole.parent))


def _write_labels(
    folder: Path, samples: list[PeerSample], out: Path, threads: int
) -> tuple[int, dict[str, int]]:
    """The parameters of the network, and how many cells were found in each image."""
    model = _load(folder, threads)
    from csbdeep.utils import normalize

    out.mkdir(parents=True, exist_ok=True)
    cells = {}
    for sample in samples:
        labels, _ = model.predict_instances(normalize(sample.read_image(), *PERCENTILES, axis=(0, 1)))
        cells[sample.stem] = len(np.unique(labels[labels != 0]))
        depth = np.uint16 if labels.max() < 2**16 else np.uint32
        beside = out / f"{sample.stem}.tif.new"
        tifffile.imwrite(beside, labels.astype(depth), compression="zlib")
        beside.replace(out / f"{sample.stem}.tif")
    return int(model.keras_model.count_params()), cells


def _measure(folder: Path, samples: list[PeerSample], rounds: int, threads: int) -> dict[str, Any]:
    """All samples in nanoseconds, their medians and ranges in seconds, and how many cores were busy."""
    model = _load(folder, threads)
    import tensorflow as tf
    from csbdeep.utils import normalize

    compiled = tf.function(lambda batch: model.keras_model(batch, training=False), reduce_retracing=True)

    def network(batch: Any) -> list[Any]:
        return [each.numpy() for each in compiled(batch)]

    multiple = [
        grid * pool**model.config.unet_n_depth
        for grid, pool in zip(model.config.grid, model.config.unet_pool, strict=True)
    ]
    images = [each.read_image() for each in samples]
    times: dict[str, list[list[int]]] = {stage: [[] for _ in samples] for stage in STAGES}
    wall = busy = 0.0
    for turn in range(-1, rounds):
        start, used = time.perf_counter(), time.process_time()
        for index, image in enumerate(images):
            normalized, grey = _timed(normalize, image, *PERCENTILES, axis=(0, 1))
            # `predict_instances` pads as well; of the network's own time it is no part.
            sides = [(0, -side % each) for side, each in zip(grey.shape, multiple, strict=True)]
            batch = tf.constant(np.pad(grey, sides, mode="reflect")[None, :, :, None])
            alone, _ = _timed(network, batch)
            whole, _ = _timed(model.predict_instances, grey)
            if turn >= 0:
                for stage, took in zip(STAGES, (normalized, alone, whole), strict=True):
                    times[stage][index].append(took)
        if turn >= 0:
            wall += time.perf_counter() - start
            busy += time.process_time() - used
    return {
        "summary": {stage: _summary([each for row in times[stage] for each in row]) for stage in STAGES},
        "busy_cores": busy / wall,
        "images": [
            {"stem": sample.stem, "size": [image.shape[1], image.shape[0]]}
            | {f"{stage}_ns": times[stage][index] for stage in STAGES}
            for index, (sample, image) in enumerate(zip(samples, images, strict=True))
        ],
    }


def _timed(function: Callable[..., Any], *args: Any, **named: Any) -> tuple[int, Any]:
    """Nanoseconds, and what the function gives."""
    start = time.perf_counter_ns()
    result = function(*args, **named)
    return time.perf_counter_ns() - start, result


def _summary(samples: list[int]) -> dict[str, float]:
    """In seconds; the quarters are those of all predictions of all images."""
    seconds = [each / 1e9 for each in samples]
    low, _, high = statistics.quantiles(seconds, n=4) if len(seconds) > 1 else (seconds[0],) * 3
    return {
        "median": statistics.median(seconds), "lower_quarter": low, "upper_quarter": high,
        "least": min(seconds), "most": max(seconds),
    }  # fmt: skip


if __name__ == "__main__":
    main()
