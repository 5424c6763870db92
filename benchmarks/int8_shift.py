"""Which way does an int8 file turn over mask pixels, why, and would half a step more mend it?

    python benchmarks/int8_shift.py STUDY --data DATA [--variant int8-ptq]

For each network of a study, an int8 file beside the float32 one, on validation images: the change of F1
(mean over images), the agreement of masks, the share of pixels that turn from cell to background and the
other way, the least probability above one half that the file can tell (its logits have steps), and how far
its logits lie from the float ones where the mask is decided (mean and standard deviation over pixels with
probabilities from 0.4 to 0.6). `centred` is the same file with half a step added to the bias before the
sigmoid: what is above one half is then rounded to above one half.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

from edgeseg.data.dataset import Sample, open_dataset
from edgeseg.metrics import pixels
from edgeseg.metrics.pixels import ConfusionCounts
from edgeseg.model import preprocessing
from edgeseg.model.artifact import Artifact, load_artifact
from edgeseg.model.encoding import to_real
from edgeseg.model.flatbuffer import parse_model
from edgeseg.model.segmenter import Segmenter

HEADER = (
    "network", "file", "F1, points", "agree %", "to background %", "to cell %", "least above 0.5", "logits",
    "sd",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tile:
    """A validation image, what is on it, and the float32 file's probabilities."""

    image: npt.NDArray[np.uint8]
    truth: npt.NDArray[np.bool_]
    probability: npt.NDArray[np.float32]


def tiles_of(float32: Artifact, samples: Sequence[Sample]) -> list[Tile]:
    """What the int8 files are compared with."""
    segmenter, tiles = Segmenter(float32, threads=2), []
    for sample in samples:
        image, truth = sample.read()
        image = preprocessing.apply(image, float32.preprocessing)
        tiles.append(Tile(image, truth.mask, segmenter.probability(image)))
    return tiles


def centred(artifact: Artifact) -> Artifact:
    """With half a step of the logits added to the bias that they come from."""
    (graph,) = parse_model(artifact.data, name=str(artifact.path))
    sigmoid = next(each for each in reversed(graph.operators) if each.name == "LOGISTIC")
    last = next(each for each in graph.operators if sigmoid.inputs[0] in each.outputs)
    image, kernel, bias = (graph.tensors[number] for number in last.inputs)
    half = graph.tensors[sigmoid.inputs[0]].scales[0] / 2
    model = schema.ModelT.InitFromPackedBuf(artifact.data, 0)
    values = model.buffers[bias.buffer].data.view(np.int32)
    model.buffers[bias.buffer].data = (values + round(half / (image.scales[0] * kernel.scales[0]))).view(
        np.uint8
    )
    builder = flatbuffers.Builder(len(artifact.data))
    builder.Finish(model.Pack(builder), b"TFL3")
    return replace(artifact, data=bytes(builder.Output()))


def logit(probability: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Of probabilities that are neither 0 nor 1."""
    odds: npt.NDArray[Any] = np.log(probability / (1 - probability))
    return odds


def figures(artifact: Artifact, tiles: Sequence[Tile]) -> list[str]:
    """One file's."""
    segmenter = Segmenter(artifact, threads=2)
    before: list[ConfusionCounts] = []
    after: list[ConfusionCounts] = []
    turned: list[ConfusionCounts] = []  # the float32 file's mask is the truth here
    shifts: list[npt.NDArray[Any]] = []
    least = 127
    for tile in tiles:
        (found,), mask = segmenter.invoke(tile.image), tile.probability > 0.5
        before.append(pixels.count(tile.truth, mask))
        after.append(pixels.count(tile.truth, found > 0))
        turned.append(pixels.count(mask, found > 0))
        least = min(least, int(found[found > 0].min(initial=127)))
        probability = to_real(found, segmenter.interface.maps[0].quantization).astype(float)
        near = (np.abs(probability - 0.5) <= 0.1) & (np.abs(tile.probability - 0.5) < 0.49)
        shifts.append(logit(probability[near]) - logit(tile.probability[near]))
    shift, total = np.concatenate(shifts), sum(tile.truth.size for tile in tiles)
    return [
        f"{100 * (pixels.mean(after)['dice'] - pixels.mean(before)['dice']):+.2f}",
        f"{100 * pixels.pooled(turned)['accuracy']:.3f}",
        f"{100 * sum(each.fn for each in turned) / total:.3f}",
        f"{100 * sum(each.fp for each in turned) / total:.3f}",
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
    print("| " + " | ".join(HEADER) + " |\n|---|---|" + "---:|" * (len(HEADER) - 2))
    for folder in sorted((arguments.study / "models").iterdir()):
        float32, int8 = (
            load_artifact(next((folder / each).glob("*.tflite"))) for each in ("float32", arguments.variant)
        )
        tiles = tiles_of(float32, samples)
        for kind, artifact in ((arguments.variant, int8), ("centred", centred(int8))):
            print("| " + " | ".join([folder.name, kind, *figures(artifact, tiles)]) + " |", flush=True)


if __name__ == "__main__":
    main()
