"""Areas of the convex hulls of cells, as scikit-image's `convex_hull_image` counts them.

The hull is that of the midpoints of all pixel edges of a cell, and its area is the number of pixels whose
centres it holds. Coordinates are doubled: midpoints are whole numbers then, and every count is exact.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from edgeseg.labels.cell_runs import CellRuns, first_of_each

#: From the doubled centre of a pixel to the midpoints of its edges.
_MIDPOINTS = np.array([[-1, 0], [1, 0], [0, -1], [0, 1]], np.int32)

#: Hulls whose pixels are counted at a time: each one's rows take memory.
_CHUNK = 1024


class Hulls:
    """The hulls of cells that come in bands; kept are the corners of what came so far."""

    def __init__(self) -> None:
        self._corners: list[npt.NDArray[np.int32]] = []
        self._numbers: list[npt.NDArray[np.int32]] = []

    def add(self, runs: CellRuns) -> None:
        """Add the runs of a band, of which there is at least one."""
        ends = np.stack([runs.starts, runs.rows, runs.stops - 1, runs.rows], axis=1)
        points = (2 * ends).astype(np.int32).reshape(-1, 2)
        firsts = runs.firsts
        hulls = [_convex(each) for each in np.split(points, 2 * firsts[1:])]
        self._corners.append(np.concatenate(hulls))
        self._numbers.append(np.repeat(runs.numbers[firsts], [len(hull) for hull in hulls]))

    def areas(self) -> npt.NDArray[np.int64]:
        """`(N,)`: pixels in the hull of each cell, in the order of their numbers."""
        numbers = np.concatenate(self._numbers)
        order = np.argsort(numbers, kind="stable")
        corners = np.split(np.concatenate(self._corners)[order], first_of_each(numbers[order])[1:])
        chunks = (corners[start : start + _CHUNK] for start in range(0, len(corners), _CHUNK))
        return np.concatenate([_areas([_hull(each) for each in chunk]) for chunk in chunks])


def _areas(hulls: Sequence[npt.NDArray[np.int32]]) -> npt.NDArray[np.int64]:
    lengths = np.array([len(hull) for hull in hulls])
    begin, owner = np.concatenate(hulls).astype(np.int64), np.repeat(np.arange(len(hulls)), lengths)
    following = np.arange(1, len(begin) + 1)
    following[np.cumsum(lengths) - 1] = np.cumsum(lengths) - lengths
    return _pixels(begin, begin[following], owner)


def _hull(centres: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """The corners of one cell's hull, clockwise as the picture is seen, from those of its bands."""
    return _convex((centres[:, None] + _MIDPOINTS).reshape(-1, 2))


def _convex(points: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Those of `(N, 2)` points that are corners of their hull."""
    return np.asarray(cv2.convexHull(points), np.int32)[:, 0]


def _pixels(
    begin: npt.NDArray[np.int64], end: npt.NDArray[np.int64], owner: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """How many pixel centres convex polygons hold, of all their edges together.

    In each row that a polygon crosses, one edge is on its right and one on its left: the last column less the
    column before the first.
    """
    down = end[:, 1] > begin[:, 1]
    upper, lower = np.where(down[:, None], begin, end), np.where(down[:, None], end, begin)
    first, stop = -(-upper[:, 1] // 2), -(-lower[:, 1] // 2)  # the rows that an edge crosses
    count = stop - first
    edge = np.repeat(np.arange(len(begin)), count)
    row = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count) + first[edge]
    over = (lower - upper)[edge]
    # x of the edge in that row, doubled, is `above / over_y`.
    above = upper[edge, 0] * over[:, 1] + (2 * row - upper[edge, 1]) * over[:, 0]
    last, before = above // (2 * over[:, 1]), -(-above // (2 * over[:, 1])) - 1
    columns = np.where(down[edge], last, -before)
    return np.bincount(owner[edge], weights=columns, minlength=owner[-1] + 1).astype(np.int64)
