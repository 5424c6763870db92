"""Outlines of cells along the edges of their pixels: filled, they give back every pixel and no other.

Where a row of a cell begins or ends otherwise than the row above, the outline has corners. Two by two, those
on the line between two rows are the ends of horizontal edges, and those in one column the ends of vertical
edges. So sorting the corners both ways gives all edges, and edges lead round the rings.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeseg.labels.cell_runs import CellRuns, cell_runs
from edgeseg.labels.label_rows import LabelRows, bands
from edgeseg.labels.regions import Cell
from edgeseg.labels.runs import find_runs

#: Corners, `(N, 2)` int32: x, y, where the upper left corner of the first pixel is (0, 0), and its centre
#: (0.5, 0.5). Edges are horizontal and vertical in turn, a horizontal one first; the last corner is joined
#: with the first; none comes twice.
Ring = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Polygon:
    """Pixels of a cell that are joined by their sides.

    Attributes:
        outer: the ring around them, clockwise as the picture is seen.
        holes: the rings around what they enclose, anticlockwise. Rings may touch at corners.
    """

    outer: Ring
    holes: tuple[Ring, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """The outline of a cell: several polygons where its pixels are not all joined by their sides."""

    number: int
    polygons: tuple[Polygon, ...]


def trace_outlines(labels: LabelRows, cells: Sequence[Cell], *, rows: int | None = None) -> Iterator[Outline]:
    """The outlines of all cells, in the order of their numbers.

    What is kept in memory is one band, the runs of cells that go on below it, and outlines that wait for one
    with a smaller number.

    Args:
        labels: `(H, W)`.
        cells: as measured, in the order of their numbers.
        rows: as of `label_rows.bands`; changes no result.
    """
    numbers = np.array([cell.number for cell in cells], np.int32)
    ends = np.array([cell.top + cell.height for cell in cells])
    waiting: dict[int, Outline] = {}
    due = iter(numbers.tolist())
    following = next(due, None)
    open_runs: list[CellRuns] = []
    for where, band in bands(labels, rows):
        open_runs.append(cell_runs(find_runs(band), where.start)[0])
        runs = _joined(open_runs)
        is_whole = ends[np.searchsorted(numbers, runs.numbers)] <= where.stop
        open_runs = [_chosen(runs, ~is_whole)]
        waiting |= {outline.number: outline for outline in _outlines(_chosen(runs, is_whole))}
        while following in waiting:
            yield waiting.pop(following)
            following = next(due, None)


def _joined(parts: Sequence[CellRuns]) -> CellRuns:
    """The runs of bands that follow one another."""
    order = np.argsort(np.concatenate([part.numbers for part in parts]), kind="stable")
    return CellRuns(
        numbers=np.concatenate([part.numbers for part in parts])[order],
        rows=np.concatenate([part.rows for part in parts])[order],
        starts=np.concatenate([part.starts for part in parts])[order],
        stops=np.concatenate([part.stops for part in parts])[order],
    )


def _chosen(runs: CellRuns, which: npt.NDArray[np.bool_]) -> CellRuns:
    return CellRuns(
        numbers=runs.numbers[which],
        rows=runs.rows[which],
        starts=runs.starts[which],
        stops=runs.stops[which],
    )


def _outlines(runs: CellRuns) -> Iterator[Outline]:
    """The outlines of whole cells, in the order of their numbers."""
    if not len(runs.numbers):
        return
    for number, those in itertools.groupby(_rings(_corners(runs)), key=lambda each: each[0]):
        yield Outline(number=number, polygons=_polygons([(ring, area) for _, ring, area in those]))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Corners:
    """Corners by cell, line and column; 2 k and 2 k + 1 are the left and the right end of a horizontal edge.

    Attributes:
        numbers: `(N,)`: of the cells.
        points: `(N, 2)` int32: x, y.
        tails: `(N / 2,)`: the ends of horizontal edges from which one goes with the cell on the right.
        across: `(N,)`: the other end of the vertical edge at each corner.
        shared: `(N,)`: whether another corner of the cell is at the same place.
    """

    numbers: npt.NDArray[np.int32]
    points: npt.NDArray[np.int32]
    tails: npt.NDArray[np.int64]
    across: npt.NDArray[np.int64]
    shared: npt.NDArray[np.bool_]


def _corners(runs: CellRuns) -> _Corners:
    """What is left of the corners of all runs when those go that lie in the middle of a vertical edge.

    Where two runs touch at a corner alone, each keeps its own edges.
    """
    rank = np.cumsum(np.diff(runs.numbers, prepend=runs.numbers[0]) != 0)
    first = runs.rows.min()
    lines, columns = runs.rows.max() - first + 2, runs.stops.max() + 1
    x = np.concatenate([runs.starts, runs.stops, runs.starts, runs.stops])
    line = np.tile(runs.rows - first, 4)
    line[len(line) // 2 :] += 1
    is_start = np.tile(np.repeat([True, False], len(rank)), 2)
    is_top = np.repeat([True, False], 2 * len(rank))
    owner = np.tile(rank, 4)
    # Of two corners at one place, the end of a run comes before the beginning of another: each keeps its own.
    place = (owner * lines + line) * columns + x
    key = 2 * place + is_start
    order = np.argsort(key)
    twin = np.diff(key[order]) == 0
    order = order[~(np.append(twin, False) | np.append(False, twin))]
    x, line, is_start, is_top, owner, place = (
        each[order] for each in (x, line, is_start, is_top, owner, place)
    )
    lefts = np.arange(0, len(order), 2)
    by_column = np.argsort(2 * ((owner * columns + x) * lines + line) + is_top)
    across = np.empty(len(order), np.int64)
    across[by_column[::2]], across[by_column[1::2]] = by_column[1::2], by_column[::2]
    meets = np.diff(place) == 0
    return _Corners(
        numbers=runs.numbers[order % len(rank)],
        points=np.stack([x, line + first], axis=1).astype(np.int32),
        tails=lefts + (is_top[lefts] != is_start[lefts]),
        across=across,
        shared=np.append(meets, False) | np.append(False, meets),
    )


def _rings(corners: _Corners) -> Iterator[tuple[int, Ring, int]]:
    """Each ring with the number of its cell and its area, below 0 if it is of a hole; by number."""
    following = corners.across[np.arange(len(corners.across)) ^ 1].tolist()
    done = [False] * len(following)
    path: list[int] = []
    firsts: list[int] = []
    for tail in corners.tails.tolist():
        if done[tail]:
            continue
        firsts.append(len(path))
        at = tail
        while not done[at]:
            done[at] = True
            path += (at, at ^ 1)
            at = following[at]
    points = corners.points[path]
    numbers = corners.numbers[path][firsts].tolist()
    has_shared = np.logical_or.reduceat(corners.shared[path], firsts).tolist()
    areas = np.add.reduceat(_strips(points), np.array(firsts) // 2).tolist()
    rings = np.split(points, firsts[1:])
    for number, ring, area, is_split in zip(numbers, rings, areas, has_shared, strict=True):
        if is_split:
            yield from ((number, each, int(_strips(each).sum())) for each in _simple(ring))
        else:
            yield number, ring, area


def _strips(path: Ring) -> npt.NDArray[np.int64]:
    """Pixels between y = 0 and each horizontal edge, one in two; their sum is the area of a ring."""
    x, y = path[:, 0].astype(np.int64), path[:, 1].astype(np.int64)
    return (x[::2] - x[1::2]) * y[::2]


def _simple(ring: Ring) -> Iterator[Ring]:
    """The rings that a ring falls into at corners that it passes twice, each from a horizontal edge on."""
    path: list[tuple[int, int]] = []
    index: dict[tuple[int, int], int] = {}
    for x, y in ring.tolist():
        start = index.get((x, y))
        if start is not None:
            closed = np.array(path[start:], np.int32)
            yield np.roll(closed, -(start % 2), axis=0)
            for passed in path[start:]:
                del index[passed]
            del path[start:]
        index[x, y] = len(path)
        path.append((x, y))
    yield np.array(path, np.int32)


def _polygons(rings: Sequence[tuple[Ring, int]]) -> tuple[Polygon, ...]:
    """Each outer ring of a cell with its holes, the smallest first; rings come with their areas."""
    outer = [ring for ring, area in sorted(rings, key=lambda each: each[1]) if area > 0]
    holes: list[list[Ring]] = [[] for _ in outer]
    for ring, area in rings:
        if area < 0:
            # The smallest that holds it: a part may lie in a hole of another one.
            index = next(index for index, each in enumerate(outer) if len(outer) == 1 or _holds(each, ring))
            holes[index].append(ring)
    return tuple(Polygon(outer=ring, holes=tuple(those)) for ring, those in zip(outer, holes, strict=True))


def _holds(outer: Ring, hole: Ring) -> bool:
    """Whether a ring goes round the first pixel of a hole: it passes on its left an odd number of times."""
    x, y = hole[np.lexsort((hole[:, 0], hole[:, 1]))[0]]
    ends = np.sort(np.stack([outer[:, 1], np.roll(outer[:, 1], -1)]), axis=0)
    crossed = (ends[0] <= y) & (y < ends[1]) & (outer[:, 0] <= x)
    return bool(crossed.sum() % 2)
