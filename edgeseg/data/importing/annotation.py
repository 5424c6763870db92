"""What an importer hands over: images, each with a way to get its cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Annotation:
    """The ground truth of one image.

    Attributes:
        labels: `(H, W)` whole numbers, 0 is background. Every other number is one cell where `tells_cells`.
        tells_cells: whether cells are told apart; false for a mask, whose only number is the foreground.
        objects: how many cells were marked, 0 in an empty field; None where the annotation does not tell.
        shared: pixels that more than one cell claimed.
    """

    labels: npt.NDArray[np.integer]
    tells_cells: bool
    objects: int | None
    shared: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One image to import.

    Attributes:
        stem: its name in the data set.
        image: the image file.
        annotation_files: the files that the annotation comes from, where it has files of its own.
        read_annotation: reads it; `DatasetError` if it cannot.
    """

    stem: str
    image: Path
    annotation_files: tuple[Path, ...]
    read_annotation: Callable[[], Annotation]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What there is to import.

    Attributes:
        sources: the images.
        details: of the format, JSON-able, for the manifest.
        notes: what a user should know, one sentence each.
    """

    sources: Sequence[Source]
    details: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def paint(cells: Sequence[npt.NDArray[np.integer]], pixels: int) -> tuple[npt.NDArray[np.uint32], int]:
    """Draw cells that may overlap: a pixel that several claim goes to the smallest of them.

    A small cell on a large one stays whole, and what a file lists first does not matter, unless two are
    equally large: then it is the one that is listed first.

    Args:
        cells: the pixels of each, as positions in the flat image, each once.
        pixels: of the image.

    Returns:
        `(pixels,)`: for the first cell 1, for the second 2 and so on, 0 where none is; and how many pixels
        several claimed.
    """
    labels = np.zeros(pixels, np.uint32)
    claims = np.zeros(pixels, np.uint32)
    for number in sorted(range(len(cells)), key=lambda each: (-len(cells[each]), -each)):
        labels[cells[number]] = number + 1
        claims[cells[number]] += 1
    return labels, int(np.count_nonzero(claims > 1))
