"""Perimeters of cells after Benkrid and Crookes, as scikit-image's `perimeter` computes them.

A pixel is of the rim where one of its sides is that of another number, or the end of the image. How its
neighbours in the rim lie says how much of the line through their centres belongs to it: K. Benkrid and D.
Crookes, Design and FPGA Implementation of a Perimeter Estimator, Queen's University of Belfast.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from edgeseg.labels.cell_runs import first_of_each
from edgeseg.labels.label_rows import Labels

#: Of a rim pixel: 1, and 2 for each side and 10 for each corner that touches its cell's rim -> its class.
_CLASSES = np.zeros(50, np.int64)
_CLASSES[[5, 7, 15, 17, 25, 27]] = 1
_CLASSES[[21, 33]] = 2
_CLASSES[[13, 23]] = 3

#: What a pixel of each class adds.
_LENGTHS = np.array([0, 1, math.sqrt(2), (1 + math.sqrt(2)) / 2])

#: Rows above and below that decide on a pixel: whether its neighbours are of the rim depends on theirs.
_HALO = 2


class Perimeters:
    """The perimeters of cells that come in bands, from top to bottom."""

    def __init__(self, height: int) -> None:
        """Begin.

        Args:
            height: of the picture, rows.
        """
        self._height, self._done, self._first = height, 0, 0
        self._rest: Labels | None = None
        self._counts: list[tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]] = []

    def add(self, band: Labels) -> None:
        """Add a band; what its last rows come to, the next one decides."""
        window = band if self._rest is None else np.concatenate([self._rest, band])
        bottom = self._first + len(window)
        stop = bottom if bottom == self._height else max(self._done, bottom - _HALO)
        self._counts.append(_count(window, slice(self._done - self._first, stop - self._first)))
        keep = max(self._first, stop - _HALO)
        self._rest, self._first, self._done = window[keep - self._first :], keep, stop

    def lengths(self) -> npt.NDArray[np.float64]:
        """`(N,)`: the perimeter of each cell, in the order of their numbers."""
        numbers = np.concatenate([numbers for numbers, _ in self._counts])
        order = np.argsort(numbers, kind="stable")
        counts = np.concatenate([counts for _, counts in self._counts])[order]
        of_each = np.add.reduceat(counts, first_of_each(numbers[order]))
        # No matrix product: its last digit would depend on the machine.
        lengths: npt.NDArray[np.float64] = (of_each * _LENGTHS).sum(axis=1)
        return lengths


def _count(labels: Labels, rows: slice) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """The numbers in some rows, and how many rim pixels of each class each one has, `(N, 4)`."""
    padded = np.zeros((labels.shape[0] + 2, labels.shape[1] + 2), np.int32)
    padded[1:-1, 1:-1] = labels
    width, flat = padded.shape[1], padded.reshape(-1)
    rim = _rim(flat, width)
    first = (rows.start + 1) * width
    where = np.flatnonzero(rim[first : (rows.stop + 1) * width]) + first
    own = flat[where]
    value = np.ones(len(where), np.int64)
    for weight, steps in ((2, (-1, 1, -width, width)), (10, (-width - 1, -width + 1, width - 1, width + 1))):
        for step in steps:
            beside = where + step
            value += weight * (rim[beside] & (flat[beside] == own))
    numbers, index = np.unique(own, return_inverse=True)
    counts = np.bincount(4 * index + _CLASSES[value], minlength=4 * len(numbers)).reshape(-1, 4)
    return numbers, counts


def _rim(flat: npt.NDArray[np.int32], width: int) -> npt.NDArray[np.bool_]:
    """Where a pixel of a cell has another number at one of its sides; rows are `width` long."""
    rim = np.zeros(flat.shape, np.bool_)
    for step in (1, width):
        differs = flat[step:] != flat[:-step]
        rim[step:] |= differs
        rim[:-step] |= differs
    rim &= flat != 0
    return rim
