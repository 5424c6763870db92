"""The range of values of every activation, measured on calibration images.

The least and the greatest value over all images, as the TFLite converter takes them. (The calibrator
of ai-edge-quantizer takes a moving average instead, which forgets the black and the white pixel that
fix the input's scale.)
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgeseg.audit.activations import activation_numbers
from edgeseg.errors import ArtifactError
from edgeseg.model.artifact import Artifact
from edgeseg.model.flatbuffer import Graph
from edgeseg.model.segmenter import Segmenter
from edgeseg.progress import Progress, silent

#: Operators whose integer kernels take and give one scale: what they join must share a range, or a
#: QUANTIZE converts between the two on the device.
SAME_SCALE = frozenset(
    {
        "AVERAGE_POOL_2D", "CONCATENATION", "DEPTH_TO_SPACE", "MAX_POOL_2D", "RESHAPE", "RESIZE_BILINEAR",
        "RESIZE_NEAREST_NEIGHBOR",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Range:
    """The least and the greatest value of a tensor."""

    low: float
    high: float

    def __or__(self, other: Range) -> Range:
        return Range(min(self.low, other.low), max(self.high, other.high))


def measure_ranges(
    data: bytes,
    graph: Graph,
    images: Sequence[npt.NDArray[np.uint8]] | npt.NDArray[np.uint8],
    *,
    name: str,
    progress: Progress = silent,
) -> dict[int, Range]:
    """Run a float model over images and watch every activation.

    Args:
        data: the .tflite file.
        graph: its first graph.
        images: `(H, W)` uint8, prepared, of the model's input size; at least one.
        name: of the file, for errors.
        progress: told after each image.

    Returns:
        Number of the tensor -> range over all images, inputs and outputs included.

    Raises:
        ArtifactError: an activation is NaN or infinite.
    """
    segmenter = Segmenter(Artifact(path=Path(name), data=data), keep_activations=True)
    numbers = sorted(n for n in activation_numbers(graph) if graph.tensors[n].dtype == "float32")
    ranges: dict[int, Range] = {}
    for done, image in enumerate(images):
        progress(done, len(images), "calibrating")
        segmenter.invoke(image)
        for number in numbers:
            seen = _range(segmenter.activation(number))
            if not np.isfinite((seen.low, seen.high)).all():
                raise ArtifactError(
                    f"{name} computes NaN or infinite values (first in '{graph.tensors[number].name}') on "
                    f"calibration image {done}, so no range can be found; train again, or leave the image out"
                )
            ranges[number] = ranges.get(number, seen) | seen
    progress(len(images), len(images), "")
    return ranges


def _range(values: npt.NDArray[np.float32]) -> Range:
    return Range(float(values.min()), float(values.max()))


def share_ranges(
    graph: Graph, ranges: Mapping[int, Range], *, apart: Container[int] = ()
) -> dict[int, Range]:
    """Give the tensors that must have one scale one range, the union of theirs.

    Args:
        graph: of the float model.
        ranges: from `measure_ranges`.
        apart: numbers of operators that stay in float: they join nothing.
    """
    group = {number: number for number in ranges}

    def find(number: int) -> int:
        while group[number] != number:
            number = group[number]
        return number

    for index, operator in enumerate(graph.operators):
        if operator.name in SAME_SCALE and index not in apart:
            joined = [find(n) for n in (*operator.inputs, *operator.outputs) if n in ranges]
            group.update(dict.fromkeys(joined, joined[0]) if joined else {})
    shared: dict[int, Range] = {}
    for number, own in ranges.items():
        shared[find(number)] = shared.get(find(number), own) | own
    return {number: shared[find(number)] for number in ranges}
