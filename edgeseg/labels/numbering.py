"""Cells that are found band by band, put together and numbered: the one way to the labels of a picture."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgeseg.labels.extents import Extents, count_extents, join_extents
from edgeseg.labels.label_rows import LARGE, LabelRows, Labels, PackedLabels, pack
from edgeseg.labels.runs import Runs, find_runs


class Numbering:
    """Takes the bands of a picture from top to bottom, in provisional numbers, and gives its labels.

    A provisional number is of one piece of a cell in the whole picture, and counts from 1; which pieces are
    one cell is told by `join`. In the end cells are numbered from 1, from top to bottom and, where they begin
    in one row, from left to right. Neither depends on how the picture was cut into bands.
    """

    def __init__(self, shape: tuple[int, int], *, min_area: int = 0) -> None:
        """Begin a picture.

        Args:
            shape: `(height, width)`.
            min_area: cells of fewer pixels are none.
        """
        self._shape, self._min_area = shape, min_area
        self._is_large = shape[0] * shape[1] > LARGE
        self._rows = 0
        self._heights: list[int] = []
        self._runs: list[Runs] = []
        self._packed: list[bytes] = []
        self._parts: list[Extents] = []
        self._pairs: list[npt.NDArray[np.int64]] = []

    def add(self, band: Labels) -> None:
        """Take the next rows, `(rows, W)` int32."""
        self.add_runs(find_runs(band))

    def add_runs(self, runs: Runs) -> None:
        """The same of the runs of these rows."""
        height = int(runs.lengths.sum(dtype=np.int64)) // runs.width
        self._parts.append(count_extents(runs, self._rows))
        if self._is_large:
            self._packed.append(pack(runs))
        else:
            self._runs.append(runs)
        self._heights.append(height)
        self._rows += height

    def join(self, pairs: npt.NDArray[np.integer]) -> None:
        """Say which provisional numbers belong to one cell, `(P, 2)`; what belongs to 0 is background."""
        self._pairs.append(pairs.astype(np.int64))

    def finish(self) -> LabelRows:
        """The labels of the picture, numbered; packed where it has more than `LARGE` pixels.

        Raises:
            ValueError: bands are missing, or there were too many.
        """
        if self._rows != self._shape[0]:
            raise ValueError(f"expected bands of {self._shape[0]} rows in all, but got {self._rows}")
        owner = find_owners(
            max((int(part.numbers[-1]) for part in self._parts if len(part.numbers)), default=0),
            np.concatenate([np.zeros((0, 2), np.int64), *self._pairs]),
        )
        table = _final_numbers(join_extents(self._parts, owner), owner, self._min_area)
        width = self._shape[1]
        if self._is_large:
            return PackedLabels(width, self._packed, self._heights, table)
        parts = [runs.renumbered(table).labels() for runs in self._runs]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _final_numbers(cells: Extents, owner: npt.NDArray[np.int64], min_area: int) -> Labels:
    """The number of each provisional one; 0 for cells that are too small."""
    kept = cells.taken((cells.area >= min_area) & (cells.numbers > 0))
    final = np.zeros(len(owner), np.int32)
    final[kept.numbers[kept.order()]] = np.arange(1, len(kept.numbers) + 1)
    return final[owner]


def find_owners(most: int, pairs: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The number that stands for the cell of each provisional number from 0 to `most` (union-find)."""
    parent: dict[int, int] = {}

    def root(number: int) -> int:
        while (above := parent.get(number, number)) != number:
            parent[number] = parent.get(above, above)
            number = above
        return number

    for one, other in pairs.tolist():
        low, high = sorted((root(one), root(other)))
        parent[high] = low
    owner = np.arange(max(most, pairs.max(initial=0)) + 1, dtype=np.int64)
    for number in parent:
        owner[number] = root(number)
    return owner
