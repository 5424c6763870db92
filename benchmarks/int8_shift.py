"""Which way does an int8 file turn over mask pixels, and why? On validation images.

    python benchmarks/int8_shift.py STUDY --data DATA [--variant int8-ptq]

For each network of a study, its float32 file beside an int8 one: the change of F1 (mean over images), the
share of pixels that turn from cell to background and the other way, the least probability above one half that
the file can tell (its logits have steps), and how far its logits lie from the float ones where the mask is
decided (mean and standard deviation over pixels with probabilities from 0.4 to 0.6).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgeseg import metrics, preprocessing
from edgeseg.artifact import load_artifact
from edgeseg.data.dataset import open_dataset
from edgeseg.runtime import Segmenter

HEADER = ("network", "F1, points", "to background", "to cell", "least above 0.5", "logits", "sd")


def logit(probability: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Of probabilities that are neither 0 nor 1."""
    odds: npt.NDArray[Any] = np.log(probability / (1 - probability))
    return odds


def row(name: str, float32: Path, int8: Path, samples: Any) -> list[str]:
    """One network's figures."""
    artifacts = [load_artifact(path) for path in (float32, int8)]
    prepare = artifacts[0].preprocessing
    whole, rounded = (Segmenter(each, threads=2) for each in artifacts)
    counts: dict[str, list[metrics.ConfusionCounts]] = {"float32": [], "int8": []}
    lost = gained = pixels = 0
    least = 127
    shifts = []
    for sample in samples:
        image, truth = sample.read()
        image = preprocessing.apply(image, prepare)
        expected, found = whole.invoke(image), rounded.invoke(image)
        before, after = expected > 0.5, found > 0
        counts["float32"].append(metrics.count(truth, before))
        counts["int8"].append(metrics.count(truth, after))
        lost, gained = lost + int((before & ~after).sum()), gained + int((after & ~before).sum())
        pixels += before.size
        least = min(least, int(found[after].min(initial=127)))
        probability = (found.astype(float) + 128) / 256
        near = (np.abs(probability - 0.5) <= 0.1) & (np.abs(expected - 0.5) < 0.49)
        shifts.append(logit(probability[near]) - logit(expected[near]))
    f1 = {key: metrics.mean(each)["dice"] for key, each in counts.items()}
    shift = np.concatenate(shifts)
    return [
        name,
        f"{100 * (f1['int8'] - f1['float32']):+.2f}",
        f"{lost / pixels:.3%}",
        f"{gained / pixels:.3%}",
        f"{0.5 + least / 256:.3f}",
        f"{shift.mean():+.3f}",
        f"{shift.std():.3f}",
    ]


def main() -> None:
    """Print the table, as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("study", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--variant", default="int8-ptq")
    arguments = parser.parse_args()
    samples = open_dataset(arguments.data).split("val")
    print("| " + " | ".join(HEADER) + " |\n|---|" + "---:|" * (len(HEADER) - 1))
    for folder in sorted((arguments.study / "models").iterdir()):
        float32, int8 = (next((folder / each).glob("*.tflite")) for each in ("float32", arguments.variant))
        print("| " + " | ".join(row(folder.name, float32, int8, samples)) + " |", flush=True)


if __name__ == "__main__":
    main()
