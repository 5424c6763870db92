"""From labels to a table of cells: what can be measured on each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeseg.data.images import Grey8
from edgeseg.labels.extents import count_extents, join_extents
from edgeseg.labels.label_rows import LabelRows, bands
from edgeseg.labels.runs import find_runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell of a label image.

    Coordinates are in pixels, x to the right and y downwards; the centre of the image's upper left
    pixel is (0, 0).

    Attributes:
        area: pixels.
        centroid_x: mean x of its pixels.
        centroid_y: mean y of its pixels.
        left: the first column of its bounding box.
        top: the first row.
        width: columns of the bounding box.
        height: rows of the bounding box.
        mean_intensity: of the grey image within the cell, 0 to 255.
    """

    area: int
    centroid_x: float
    centroid_y: float
    left: int
    top: int
    width: int
    height: int
    mean_intensity: float


def find_cells(labels: LabelRows, grey: Grey8, *, rows: int | None = None) -> list[Cell]:
    """Measure every cell, in memory for one band; the bands change nothing.

    Args:
        labels: `(H, W)`, numbers from 1 without gaps.
        grey: `(H, W)` uint8, the image.
        rows: height of a band, as of `bands`.

    Returns:
        The cells in the order of their numbers.
    """
    parts, bright = [], np.zeros(1)
    for where, band in bands(labels, rows):
        runs = find_runs(band)
        parts.append(count_extents(runs, where.start))
        sums = np.add.reduceat(grey[where].reshape(-1), runs.starts, dtype=np.int64)
        bright = _added(bright, np.bincount(runs.numbers, weights=sums).astype(np.float64))
    found = join_extents(parts)
    columns = (
        found.area, found.sum_x / found.area, found.sum_y / found.area, found.left, found.top,
        found.right - found.left, found.bottom - found.top, bright[found.numbers] / found.area,
    )  # fmt: skip
    rows_of_cells = zip(*(each.tolist() for each in columns), strict=True)
    return [
        Cell(
            area=area, centroid_x=x, centroid_y=y, left=left, top=top, width=width, height=height,
            mean_intensity=mean,
        )
        for area, x, y, left, top, width, height, mean in rows_of_cells
    ]  # fmt: skip


def _added(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The sum of two arrays, the shorter one continued with zeros."""
    shorter, longer = sorted((one, other), key=len)
    total = longer.copy()
    total[: len(shorter)] += shorter
    return total
