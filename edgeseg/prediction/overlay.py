"""A picture for people: the image with every cell tinted and outlined, each in its colour."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from edgeseg.data.images import Grey8
from edgeseg.labels.extents import Extents, count_extents, join_extents
from edgeseg.labels.label_rows import LabelRows, bands
from edgeseg.labels.runs import find_runs
from edgeseg.prediction.colouring import (
    MOST_COLOURS,
    Comparable,
    choose_colours,
    colour_of,
    comparable_type,
)

#: A longer image is reduced by a whole factor: an overlay is to be looked at.
MAX_SIDE = 4096

#: Rows that are drawn at a time.
_BAND_ROWS = 256

#: How much of the colour is mixed in within a cell, 0 to 1.
TINT = 0.18

_NUMBER_FONT = cv2.FONT_HERSHEY_SIMPLEX

#: The height of a number is a share of the side of a square as large as the median cell, within these pixels.
_NUMBER_SHARE, _NUMBER_LEAST, _NUMBER_MOST = 0.3, 7, 18

#: The height of a digit of that font at a scale of 1, pixels.
_DIGIT_HEIGHT = 21

Picture = npt.NDArray[np.uint8]


def draw_overlay(
    grey: Grey8, labels: LabelRows, cells: int, *, longest: int = MAX_SIDE, numbers: bool = False
) -> Picture:
    """Draw cells over their image.

    Args:
        grey: `(H, W)` uint8.
        labels: `(H, W)`.
        cells: the greatest number in them.
        longest: of a side, pixels.
        numbers: write its number into each cell.

    Returns:
        `(H, W, 3)` uint8 BGR, reduced by a whole factor where a side is longer than `longest`. The outline is
        the outermost pixel of the cell itself, also where it touches another one; beyond the image counts as
        cell.
    """
    factor = math.ceil(max(grey.shape) / longest)
    size = (max(1, grey.shape[1] // factor), max(1, grey.shape[0] // factor))
    if factor > 1:
        grey = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
    small = _reduced(labels, size, comparable_type(cells))
    colours = choose_colours(small, cells)
    picture = np.empty((*grey.shape, 3), np.uint8)
    for top in range(0, len(grey), _BAND_ROWS):
        rows = slice(top, top + _BAND_ROWS)
        _draw(picture[rows], grey[rows], _looked_up(colours, small[rows]), _rim(small, top))
    if numbers:
        _write_numbers(picture, small)
    return picture


def _reduced(labels: LabelRows, size: tuple[int, int], kind: np.dtype[Any]) -> Comparable:
    """Labels as an array of `(width, height)`; of what is left out, nothing is mixed in."""
    width, height = size
    rows = np.arange(height) * labels.shape[0] // height
    columns = np.arange(width) * labels.shape[1] // width
    small = np.empty((height, width), kind)
    for where, band in bands(labels):
        first, last = np.searchsorted(rows, [where.start, where.stop])
        small[first:last] = band[rows[first:last] - where.start][:, columns]
    return small


def _rim(labels: Comparable, top: int) -> npt.NDArray[np.bool_]:
    """Where the rows from `top` on hold the rim of a cell."""
    above = min(top, 1)
    near = labels[top - above : top + _BAND_ROWS + 1]
    around = np.ones((3, 3), np.uint8)
    rim = (cv2.erode(near, around) != near) | ((cv2.dilate(near, around) != near) & (near != 0))
    return np.asarray(rim[above : above + _BAND_ROWS], np.bool_)


def _draw(picture: Picture, grey: Grey8, index: npt.NDArray[np.uint8], rim: npt.NDArray[np.bool_]) -> None:
    """Rows of the picture: grey outside, mixed with the cell's colour inside, that colour on the rim."""
    base = grey.copy()
    cv2.copyTo(cv2.LUT(grey, _DIMMED), index, base)
    base[rim] = 0
    index[rim] += _ON_RIM
    cv2.cvtColor(base, cv2.COLOR_GRAY2BGR, dst=picture)
    cv2.add(picture, cv2.LUT(cv2.cvtColor(index, cv2.COLOR_GRAY2BGR), _ADDED), dst=picture)


def _looked_up(table: npt.NDArray[np.uint8], labels: Comparable) -> npt.NDArray[np.uint8]:
    if labels.dtype == np.uint8:
        return np.asarray(cv2.LUT(labels, np.resize(table, 256)), np.uint8)
    return table[labels.astype(np.intp)]


def _write_numbers(picture: Picture, labels: Comparable) -> None:
    """Write white numbers with a dark rim, in the middle of each cell and within the picture."""
    tops = range(0, len(labels), _BAND_ROWS)
    parts = (labels[top : top + _BAND_ROWS].astype(np.int32) for top in tops)
    cells = join_extents([count_extents(find_runs(part), top) for top, part in zip(tops, parts, strict=True)])
    if not len(cells.numbers):
        return
    side = math.sqrt(float(np.median(cells.area)))
    scale = min(max(_NUMBER_SHARE * side, _NUMBER_LEAST), _NUMBER_MOST) / _DIGIT_HEIGHT
    for number, (x, y) in zip(cells.numbers.tolist(), _middles(labels, cells), strict=True):
        text = str(number)
        (wide, high), _ = cv2.getTextSize(text, _NUMBER_FONT, scale, 1)
        left = min(max(1, round(x - wide / 2)), picture.shape[1] - wide - 1)
        bottom = min(max(high + 1, round(y + high / 2)), picture.shape[0] - 2)
        for colour, thickness in (((30, 30, 30), 3), ((255, 255, 255), 1)):
            cv2.putText(
                picture, text, (left, bottom), _NUMBER_FONT, scale, colour, thickness, cv2.LINE_AA
            )  # fmt: skip


def _middles(labels: Comparable, cells: Extents) -> list[tuple[float, float]]:
    """A point in each cell, x and y: its centroid, or where a cell is bent its deepest pixel."""
    points = np.column_stack([cells.sum_x, cells.sum_y]) / cells.area[:, None]
    column, row = np.rint(points).astype(np.int64).T
    for place in np.flatnonzero(labels[row, column] != cells.numbers).tolist():
        top, left = int(cells.top[place]), int(cells.left[place])
        box = labels[top : cells.bottom[place], left : cells.right[place]] == cells.numbers[place]
        depth = cv2.distanceTransform(np.pad(box, 1).view(np.uint8), cv2.DIST_L2, 3)
        deepest = np.unravel_index(int(depth.argmax()), depth.shape)
        points[place] = left + deepest[1] - 1, top + deepest[0] - 1
    return [(float(x), float(y)) for x, y in points]


def _added() -> Picture:
    """What each index of a colour adds to the grey values that are left, `(1, 256, 3)` BGR."""
    colours = np.array([(0, 0, 0), *(colour_of(index) for index in range(1, MOST_COLOURS + 1))])
    return np.concatenate([np.rint(TINT * colours), colours]).astype(np.uint8)[None]


#: Indices from here on are of rims.
_ON_RIM = MOST_COLOURS + 1

_ADDED = _added()

#: What is left of each grey value within a cell, `(256,)`.
_DIMMED = np.rint((1 - TINT) * np.arange(256)).astype(np.uint8)
