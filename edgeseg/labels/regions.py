"""What can be measured on each cell of a label image, by the definitions of scikit-image's `regionprops`.

Labels are gone through in bands of rows. Of a band only sums are kept, and corners of boxes and convex hulls,
all of them whole numbers. So memory is needed for one band, a cell in several pieces and bands is measured as
one, and no result depends on the bands.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgeseg.labels.cell_runs import CellRuns, cell_runs, first_of_each
from edgeseg.labels.hulls import Hulls
from edgeseg.labels.label_rows import LabelRows, bands
from edgeseg.labels.perimeters import Perimeters
from edgeseg.labels.runs import find_runs

#: Whole numbers: int64, or Python's own in an array of objects.
Whole = npt.NDArray[Any]
Real = npt.NDArray[np.float64]

#: A band has about so many pixels: each takes some 40 bytes, and larger bands are no faster.
BAND_PIXELS = 2**18

#: What rounding may leave of a difference that is 0, as a part of what it was taken from. Cells that are no
#: straight lines are above it: one of 20,000 pixels in a row, and a single step, is at 1.5e-12.
_ROUNDING = 1e-13


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell and what was measured on it.

    Lengths are in pixels, x to the right and y downwards; the centre of the image's first pixel is (0, 0).

    Attributes:
        number: its label, 1 or more.
        area: pixels.
        centroid_x: mean x of its pixels.
        centroid_y: mean y of its pixels.
        left: the first column of its bounding box.
        top: the first row.
        width: columns of the bounding box.
        height: rows of the bounding box.
        mean_intensity: of the grey image within the cell, 0 to 255.
        min_intensity: the darkest pixel.
        max_intensity: the brightest pixel.
        std_intensity: the standard deviation of its pixels (their number is the divisor).
        perimeter: of the line through the centres of its rim pixels, those of holes too, after Benkrid and
            Crookes; 0 for a cell of one pixel or two.
        major_axis_length: the longer axis of the ellipse that has the same second moments.
        minor_axis_length: the shorter one.
        eccentricity: of that ellipse, 0 (a circle) to 1 (a line).
        solidity: its area over that of its convex hull, above 0, and 1 for a convex cell. The hull is of the
            midpoints of all pixel edges; its area counts the pixels whose centres it holds.
        touches_border: whether it has a pixel at the border of the image: a part of it may be missing.
    """

    number: int
    area: int
    centroid_x: float
    centroid_y: float
    left: int
    top: int
    width: int
    height: int
    mean_intensity: float
    min_intensity: int
    max_intensity: int
    std_intensity: float
    perimeter: float
    major_axis_length: float
    minor_axis_length: float
    eccentricity: float
    solidity: float
    touches_border: bool

    @property
    def circularity(self) -> float | None:
        """4 pi area / perimeter^2: near 1 for a disc, less for other shapes; None where the perimeter is 0.

        Cells of a few pixels come above 1, because the line through their rim pixels is short.
        """
        return 4 * math.pi * self.area / self.perimeter**2 if self.perimeter else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sums:
    """What is added up, or compared, over the parts of cells; one column for each cell that has some.

    Attributes:
        numbers: `(N,)`, ascending.
        sums: `(8, N)` whole numbers: area; sums of x, y, x x, y y, x y; of grey values and their squares.
        low: `(3, N)`: the least x, y and grey value.
        high: `(3, N)`: the greatest.
    """

    numbers: Whole
    sums: Whole
    low: Whole
    high: Whole


def measure_cells(
    labels: LabelRows, grey: npt.NDArray[np.uint8], *, rows: int | None = None
) -> tuple[Cell, ...]:
    """Measure every cell of a label image.

    Args:
        labels: `(H, W)`.
        grey: `(H, W)` uint8, the image.
        rows: of a band; None: as many as make about `BAND_PIXELS`. They change no result.

    Returns:
        The cells in the order of their numbers, which may have gaps.
    """
    height, width = labels.shape
    rows = rows or max(1, BAND_PIXELS // width)
    # Sums of squared coordinates fit 64 bits, except in pictures that are very long and hardly high.
    whole: Any = np.int64 if height * width * max(height, width) ** 2 < 2**63 else object
    sums, perimeters, hulls = [], Perimeters(height), Hulls()
    for where, band in bands(labels, rows):
        all_runs = find_runs(band)
        runs, which = cell_runs(all_runs, where.start)
        perimeters.add(band)
        if len(which):
            sums.append(_added([_sums(runs, _greys(grey[where], all_runs.starts)[:, which], whole)]))
            hulls.add(runs)
    if not sums:
        return ()
    return _cells(_added(sums), perimeters.lengths(), hulls.areas(), height, width)


def _greys(grey: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64]) -> Whole:
    """`(4, R)`: sum, sum of squares, least and greatest grey value of each run."""
    flat = np.ascontiguousarray(grey).reshape(-1)
    return np.stack(
        [
            np.add.reduceat(flat, starts, dtype=np.int64),
            np.add.reduceat(np.square(flat, dtype=np.uint16), starts, dtype=np.int64),
            np.minimum.reduceat(flat, starts),
            np.maximum.reduceat(flat, starts),
        ]
    )


def _sums(runs: CellRuns, greys: Whole, whole: Any) -> _Sums:
    """Those of each run: its pixels are x, x + 1, ..., x + n - 1 in one row."""
    x, y = runs.starts.astype(whole), runs.rows.astype(whole)
    last = runs.stops - 1
    n = last - x + 1
    sum_x = n * x + n * (n - 1) // 2
    sum_xx = n * x * x + x * n * (n - 1) + n * (n - 1) * (2 * n - 1) // 6
    return _Sums(
        numbers=runs.numbers,
        sums=np.stack([n, sum_x, n * y, sum_xx, n * y * y, y * sum_x, greys[0], greys[1]]),
        low=np.stack([runs.starts, runs.rows, greys[2]]),
        high=np.stack([last, runs.rows, greys[3]]),
    )


def _added(parts: Sequence[_Sums]) -> _Sums:
    """One column for each number, from any parts."""
    numbers = np.concatenate([part.numbers for part in parts])
    order = np.argsort(numbers, kind="stable")
    numbers = numbers[order]
    firsts = first_of_each(numbers)
    sums = np.concatenate([part.sums for part in parts], axis=1)[:, order]
    low = np.concatenate([part.low for part in parts], axis=1)[:, order]
    high = np.concatenate([part.high for part in parts], axis=1)[:, order]
    return _Sums(
        numbers=numbers[firsts],
        sums=np.add.reduceat(sums, firsts, axis=1),
        low=np.minimum.reduceat(low, firsts, axis=1),
        high=np.maximum.reduceat(high, firsts, axis=1),
    )


def _cells(
    total: _Sums, perimeters: Real, hull_areas: npt.NDArray[np.int64], height: int, width: int
) -> tuple[Cell, ...]:
    area, sum_x, sum_y, sum_xx, sum_yy, sum_xy, sum_v, sum_vv = total.sums
    major, minor = _axes(
        _covariance(area, sum_x, sum_x, sum_xx),
        _covariance(area, sum_y, sum_y, sum_yy),
        _covariance(area, sum_x, sum_y, sum_xy),
    )
    mean_x, mean_y, mean_v = ((each / area).astype(np.float64) for each in (sum_x, sum_y, sum_v))
    (left, top, darkest), (right, bottom, brightest) = total.low, total.high
    columns = {
        "number": total.numbers,
        "area": area,
        "centroid_x": mean_x,
        "centroid_y": mean_y,
        "left": left,
        "top": top,
        "width": right - left + 1,
        "height": bottom - top + 1,
        "mean_intensity": mean_v,
        "min_intensity": darkest,
        "max_intensity": brightest,
        "std_intensity": np.sqrt(_covariance(area, sum_v, sum_v, sum_vv)),
        "perimeter": perimeters,
        "major_axis_length": major,
        "minor_axis_length": minor,
        "eccentricity": np.sqrt(1 - (minor / np.where(major > 0, major, 1)) ** 2) * (major > 0),
        "solidity": area.astype(np.int64) / hull_areas,
        "touches_border": (left == 0) | (top == 0) | (right == width - 1) | (bottom == height - 1),
    }
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    return tuple(Cell(**dict(zip(columns, row, strict=True))) for row in rows)


def _covariance(area: Whole, sum_a: Whole, sum_b: Whole, sum_ab: Whole) -> Real:
    """The mean of a b less the product of the means, exact but for the last rounding.

    Whole numbers near the means are taken off first, so that nothing cancels out.
    """
    near_a, near_b = sum_a // area, sum_b // area
    product = sum_ab - near_a * sum_b - near_b * sum_a + area * near_a * near_b
    rest = (sum_a - area * near_a) / area * ((sum_b - area * near_b) / area)
    variance: Real = (product / area - rest).astype(np.float64)
    return variance


def _axes(xx: Real, yy: Real, xy: Real) -> tuple[Real, Real]:
    """The axes of ellipses with given second moments, the longer one first."""
    middle, apart = (xx + yy) / 2, np.sqrt(((xx - yy) / 2) ** 2 + xy**2)
    less = middle - apart
    less[less < _ROUNDING * middle] = 0  # of a straight line of pixels it is 0
    return 4 * np.sqrt(middle + apart), 4 * np.sqrt(less)
