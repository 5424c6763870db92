"""The labels of a whole picture, read in bands of rows: an array, or packed where a picture is large."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edgeseg.labels.runs import Runs

#: `(rows, W)`: 0 for the background, else the number of a cell.
Labels = npt.NDArray[np.int32]

#: The labels of pictures of more pixels are packed. Below, packing would only take time.
LARGE = 2**24

#: A band has about so many pixels, unless somebody asks for another height.
BAND_PIXELS = 2**20


class LabelRows(Protocol):
    """What is asked of labels, an array or `PackedLabels`: their rows, `(rows, W)` int32."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Height and width."""

    def __getitem__(self, rows: slice, /) -> Labels:
        """Some rows, next to each other; not to be written to."""


def bands(labels: LabelRows, rows: int | None = None) -> Iterator[tuple[slice, Labels]]:
    """Go through labels from top to bottom, in memory for one band.

    Args:
        labels: `(H, W)`.
        rows: height of a band; None: as is cheapest: as they are packed, else as many rows as make about
            `BAND_PIXELS`.

    Yields:
        Which rows of the picture, and their labels. The last band may be lower.
    """
    height, width = labels.shape
    if rows is None and isinstance(labels, PackedLabels):
        tops = labels.tops
    else:
        tops = (*range(0, height, rows or max(1, BAND_PIXELS // width)), height)
    for top, end in itertools.pairwise(tops):
        yield slice(top, end), labels[top:end]


class PackedLabels:
    """Labels as compressed runs, band by band, and one table that gives each number its final one.

    Bands are packed while the numbers of their cells are provisional: which pieces are one cell, and in which
    order cells are numbered, is known at the end of the picture.

    Attributes:
        shape: `(height, width)`.
        tops: the first row of each band, and `height`.
    """

    def __init__(self, width: int, packed: Sequence[bytes], heights: Sequence[int], table: Labels) -> None:
        """Put together what was packed.

        Args:
            width: pixels.
            packed: bands from `pack`, from top to bottom.
            heights: of each band, rows.
            table: final number of each number in the bands; `table[0]` is 0.
        """
        self._packed, self._table = tuple(packed), table
        self.tops: tuple[int, ...] = (0, *itertools.accumulate(heights))
        self.shape: tuple[int, ...] = (self.tops[-1], width)
        self._last: tuple[int, Labels] | None = None  # readers ask for rows of one band again and again

    def __getitem__(self, rows: slice, /) -> Labels:
        start, stop, step = rows.indices(self.shape[0])
        if step != 1:
            raise ValueError(f"expected rows that lie next to each other, but got steps of {step}")
        parts = [
            self._band(number)[max(0, start - top) : stop - top]
            for number, (top, end) in enumerate(itertools.pairwise(self.tops))
            if top < stop and start < end
        ]
        if len(parts) == 1:
            return parts[0]
        return np.concatenate(parts) if parts else np.empty((0, self.shape[1]), np.int32)

    def _band(self, number: int) -> Labels:
        last = self._last
        if last is None or last[0] != number:
            runs = unpack(self._packed[number], self.shape[1])
            last = self._last = number, runs.renumbered(self._table).labels()
        return last[1]


def pack(runs: Runs) -> bytes:
    """Runs in little memory: cells have some ten rows, and what follows one row is much like the next."""
    return zlib.compress(np.stack([runs.lengths, runs.numbers]).tobytes(), 1)


def unpack(packed: bytes, width: int) -> Runs:
    """The runs that `pack` packed, of labels of `width` pixels."""
    lengths, numbers = np.frombuffer(zlib.decompress(packed), np.int32).reshape(2, -1)
    return Runs(width=width, lengths=lengths, numbers=numbers)
