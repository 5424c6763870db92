"""How large each cell of a label image is, and where: counted from its runs, in whole numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from edgeseg.labels.runs import Runs

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extents:
    """Of each number that labels hold, `(C,)` int64 each; pixels, x to the right and y downwards from 0.

    Attributes:
        numbers: ascending, each once.
        area: pixels.
        sum_x: of its pixels.
        sum_y: likewise.
        left: first column.
        top: first row.
        right: one past the last column.
        bottom: one past the last row.
        first: its first pixel, counted row by row through the picture; no two share it.
    """

    numbers: Counts
    area: Counts
    sum_x: Counts
    sum_y: Counts
    left: Counts
    top: Counts
    right: Counts
    bottom: Counts
    first: Counts

    def taken(self, which: npt.NDArray[np.integer | np.bool_]) -> Extents:
        """Those chosen, in that order; `which` holds places or flags."""
        return Extents(**{each.name: getattr(self, each.name)[which] for each in fields(self)})

    def order(self) -> Counts:
        """Places from top to bottom and, of cells that begin in one row, from left to right.

        Of those with one upper left corner, the centroid decides, and then the first pixel.
        """
        keys = (self.first, self.sum_x / self.area, self.sum_y / self.area, self.left, self.top)
        return np.lexsort(keys).astype(np.int64)


def count_extents(runs: Runs, top: int = 0) -> Extents:
    """The extents of all numbers but 0.

    Args:
        runs: of some rows. The numbers in them are best not far apart.
        top: the first of these rows.
    """
    inside = np.flatnonzero(runs.numbers)
    numbers = runs.numbers[inside].astype(np.int64)
    first = runs.starts[inside] + top * runs.width
    area = runs.lengths[inside].astype(np.int64)
    row, column = np.divmod(first, runs.width)
    return _grouped(
        numbers,
        Extents(
            numbers=numbers, area=area, sum_x=area * column + area * (area - 1) // 2, sum_y=area * row,
            left=column, top=row, right=column + area, bottom=row + 1, first=first,
        ),
    )  # fmt: skip


def join_extents(parts: Sequence[Extents], owner: Counts | None = None) -> Extents:
    """The extents of a picture from those of its bands.

    Args:
        parts: of the bands.
        owner: the number that each number goes by; None: its own.
    """
    columns = {
        each.name: np.concatenate([np.zeros(0, np.int64), *(getattr(part, each.name) for part in parts)])
        for each in fields(Extents)
    }
    whole = Extents(**columns)
    return _grouped(whole.numbers if owner is None else owner[whole.numbers], whole)


def _grouped(numbers: Counts, parts: Extents) -> Extents:
    """Parts of one number as one."""
    if not len(numbers):
        return parts
    least = int(numbers.min())
    place = numbers - least
    count = int(place.max()) + 1

    def added(values: Counts) -> Counts:
        return np.bincount(place, weights=values, minlength=count).astype(np.int64)  # exact below 2**53

    def lowest(values: Counts) -> Counts:
        found = np.full(count, np.iinfo(np.int64).max)
        np.minimum.at(found, place, values)
        return found

    def highest(values: Counts) -> Counts:
        found = np.zeros(count, np.int64)
        np.maximum.at(found, place, values)
        return found

    grouped = Extents(
        numbers=np.arange(least, least + count), area=added(parts.area), sum_x=added(parts.sum_x),
        sum_y=added(parts.sum_y), left=lowest(parts.left), top=lowest(parts.top), right=highest(parts.right),
        bottom=highest(parts.bottom), first=lowest(parts.first),
    )  # fmt: skip
    return grouped.taken(grouped.area > 0)
