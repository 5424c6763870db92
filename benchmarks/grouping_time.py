"""What it takes to make cells of the maps of a picture, against the network that gave them.

    python benchmarks/grouping_time.py MODEL.tflite --data DATA --out results.json

Whole pictures go through the network in overlapping tiles, as in `edgeseg predict`; `network` is the sum of
the bare `invoke`s of a picture, `grouping` all that comes behind them: centres, offsets, pieces, numbers.
Both on one core, in turns, so whatever else the machine does hits both alike. Without `--data`, one synthetic
picture of 1024x1024 is taken.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import cv2

from edgeseg import files
from edgeseg.data.dataset import open_dataset
from edgeseg.data.images import Grey8
from edgeseg.data.synthetic.synth import synthesize
from edgeseg.labels.grouping import Grouping
from edgeseg.machine.description import read_machine
from edgeseg.machine.state import read_state
from edgeseg.model import preprocessing
from edgeseg.model.artifact import load_artifact
from edgeseg.model.encoding import Maps
from edgeseg.model.runtimes.registry import find_runtime
from edgeseg.model.segmenter import Segmenter
from edgeseg.prediction.tiling import segment_maps
from edgeseg.records import to_data

#: On a picture of 1024x1024 with some 60 cells: milliseconds, and as a share of the network's time.
LIMIT_MS, LIMIT_SHARE = 10.0, 0.25


class TimedSegmenter(Segmenter):
    """Adds up what the network itself takes."""

    spent = 0

    def run(self) -> None:
        start = time.perf_counter_ns()
        super().run()
        self.spent += time.perf_counter_ns() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", type=Path, help="a .tflite file that tells cells apart")
    parser.add_argument("--data", type=Path, help="a data set; pictures of its validation split are taken")
    parser.add_argument("--pictures", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--out", type=Path, help="where to write all samples as JSON")
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    artifact = load_artifact(chosen.model)
    segmenter = TimedSegmenter(artifact, threads=1)
    grouping = Grouping(segmenter.interface)
    if chosen.data:
        pictures = [each.read_image() for each in open_dataset(chosen.data).split("val")[: chosen.pictures]]
    else:
        pictures = [synthesize(1, size=1024)[0]]
    before = read_state()
    found = [
        measure(segmenter, grouping, preprocessing.apply(each, artifact.preprocessing), chosen.rounds)
        for each in pictures
    ]
    after = read_state()
    for each in found:
        print(
            f"{each['size'][0]}x{each['size'][1]}, {each['cells']} cells: network "
            f"{each['network_ms']:.2f} ms, grouping {each['grouping_ms']:.2f} ms, {each['share']:.1%} of it"
        )
    if chosen.out:
        content = {
            "model": {"file": artifact.path.name, "sha256": files.sha256_bytes(artifact.data)},
            "limits": {"ms": LIMIT_MS, "share": LIMIT_SHARE},
            "pictures": found,
            "machine": to_data(read_machine(runtime=str(find_runtime()))),
            "before": to_data(before),
            "after": to_data(after),
        }
        files.write_json(chosen.out, content)
    slow = [each for each in found if each["grouping_ms"] > LIMIT_MS or each["share"] > LIMIT_SHARE]
    if slow:
        sys.exit(f"grouping takes more than {LIMIT_MS:g} ms or {LIMIT_SHARE:.0%} of the network's time")


def measure(segmenter: TimedSegmenter, grouping: Grouping, picture: Grey8, rounds: int) -> dict[str, Any]:
    """Medians in milliseconds, the median of the ratios, and all samples; the first round warms up."""
    network, group = [], []
    maps: Maps = ()
    labels = None
    for index in range(-1, rounds):
        segmenter.spent = 0
        maps = segment_maps(picture, segmenter)
        start = time.perf_counter_ns()
        labels = grouping(maps)
        spent = time.perf_counter_ns() - start
        if index >= 0:
            network.append(segmenter.spent)
            group.append(spent)
    return {
        "size": [picture.shape[1], picture.shape[0]],
        "cells": 0 if labels is None else int(labels.max()),
        "network_ms": statistics.median(network) / 1e6,
        "grouping_ms": statistics.median(group) / 1e6,
        "share": statistics.median(g / n for g, n in zip(group, network, strict=True)),
        "samples_ns": {"network": network, "grouping": group},
    }


if __name__ == "__main__":
    main()
