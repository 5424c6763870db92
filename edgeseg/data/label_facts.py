"""What a label image tells of its cells: how many, which touch, which are cut or in pieces."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import cv2
import numpy as np
import numpy.typing as npt

from edgeseg.labels.pieces import connected_pieces
from edgeseg.metrics.cells import MIN_AREA, NO_CELLS, CellCounts
from edgeseg.metrics.matching import match_cells


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelFacts:
    """The cells of one label image, or of several together; specks are no cells.

    Attributes:
        cells: numbers with at least `MIN_AREA` pixels.
        specks: numbers with fewer.
        touching: cells with a pixel beside or diagonally to one of another cell.
        cut: cells with a pixel at the border of the image, so that a part may be missing.
        in_pieces: cells in several pieces.
        by_masks: what a perfect mask of the image would find of them, each of its connected pieces taken
            for a cell: no network that gives masks alone can find more.
    """

    cells: int = 0
    specks: int = 0
    touching: int = 0
    cut: int = 0
    in_pieces: int = 0
    by_masks: CellCounts = NO_CELLS

    def __add__(self, other: Self) -> Self:
        return type(self)(
            **{each.name: getattr(self, each.name) + getattr(other, each.name) for each in fields(self)}
        )


def label_facts(labels: npt.NDArray[np.int32]) -> LabelFacts:
    """Look at the cells of a label image, `(H, W)` int32 from 0 to 65,535."""
    areas = np.bincount(labels[labels != 0], minlength=1)
    is_cell = areas >= MIN_AREA
    return LabelFacts(
        cells=int(is_cell.sum()),
        specks=int(((areas > 0) & ~is_cell).sum()),
        touching=_count(_touching(labels), is_cell),
        cut=_count(np.concatenate([labels[[0, -1]].ravel(), labels[:, [0, -1]].ravel()]), is_cell),
        in_pieces=_count(_in_pieces(labels), is_cell),
        by_masks=match_cells(labels, connected_pieces(labels != 0), min_area=MIN_AREA).counts,
    )


def _count(numbers: npt.NDArray[np.int32], is_cell: npt.NDArray[np.bool_]) -> int:
    """How many different cells are among the numbers."""
    return int(is_cell[np.unique(numbers)].sum())


def _touching(labels: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """The numbers that have another one as a neighbour, by a side or a corner."""
    below, right = labels[1:], labels[:, 1:]
    pairs = (
        (labels[:-1], below), (labels[:, :-1], right),
        (labels[:-1, :-1], below[:, 1:]), (labels[:-1, 1:], below[:, :-1]),
    )  # fmt: skip
    found = [np.zeros(1, np.int32)]
    for one, other in pairs:
        differ = (one != other) & (one != 0) & (other != 0)
        found += [one[differ], other[differ]]
    return np.concatenate(found)


def _in_pieces(labels: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """The numbers whose pixels do not all hang together, by a side or a corner."""
    rows, columns = np.nonzero(labels)
    numbers = labels[rows, columns]
    order = np.argsort(numbers, kind="stable")
    starts = np.flatnonzero(np.diff(numbers[order], prepend=0))
    found = []
    for pixels in np.split(order, starts[1:]) if len(order) else []:
        y, x = rows[pixels], columns[pixels]
        top, left = y.min(), x.min()
        cell = np.zeros((y.max() - top + 1, x.max() - left + 1), np.uint8)
        cell[y - top, x - left] = 1
        if cv2.connectedComponents(cell, connectivity=8)[0] > 2:
            found.append(numbers[pixels[0]])
    return np.array(found, np.int32)
