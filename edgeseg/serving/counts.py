"""How many cells there were, frame by frame: for the chart and for download."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

from edgeseg.files import csv_text

#: Older frames are forgotten: five and a half hours at five frames a second, some 30 MB.
MAX_ROWS = 100_000

#: A chart has no more points than this.
MAX_POINTS = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """One frame.

    Attributes:
        label: of the picture.
        cells: how many.
        area: of all of them, in the unit of the tables.
        coverage: the share of the picture that is foreground, 0 to 1.
        seconds: since the beginning of the video, else since the first frame.
        time: UTC, when it was segmented.
    """

    label: str
    cells: int
    area: float
    coverage: float
    seconds: float
    time: str


@dataclass(slots=True)
class _Bin:
    """Sums over neighbouring frames."""

    seconds: float
    cells: float
    frames: int = 1

    def take(self, other: _Bin) -> None:
        self.seconds += other.seconds
        self.cells += other.cells
        self.frames += other.frames


class Counts:
    """All frames for the chart, the last `MAX_ROWS` as a table; one thread adds, others read."""

    def __init__(self, area_unit: str) -> None:
        """Begin empty; `area_unit` is `px` or `um2`."""
        self._unit = area_unit
        self._rows: deque[Count] = deque(maxlen=MAX_ROWS)
        self._bins: list[_Bin] = []
        self._each = 1
        self._lock = threading.Lock()

    def add(self, row: Count) -> None:
        """Append a frame."""
        added = _Bin(row.seconds, row.cells)
        with self._lock:
            self._rows.append(row)
            if self._bins and self._bins[-1].frames < self._each:
                self._bins[-1].take(added)
            else:
                self._bins.append(added)
            if len(self._bins) > MAX_POINTS:
                self._join()

    def _join(self) -> None:
        """Make one bin of every two."""
        for one, other in zip(self._bins[::2], self._bins[1::2], strict=False):
            one.take(other)
        self._bins = self._bins[::2]
        self._each *= 2

    def points(self) -> list[tuple[float, float]]:
        """(seconds, cells) in order; of more than `MAX_POINTS` frames, means over as many frames each."""
        with self._lock:
            return [
                (round(each.seconds / each.frames, 3), round(each.cells / each.frames, 2))
                for each in self._bins
            ]

    def csv(self) -> bytes:
        """All rows as a table."""
        header = ("image", "cells", f"area_{self._unit}", "coverage", "seconds", "time")
        with self._lock:
            rows = tuple(self._rows)
        text = csv_text([header, *map(_csv_row, rows)])
        return text.encode("utf-8", errors="surrogateescape")


def _csv_row(row: Count) -> tuple[object, ...]:
    figures = (f"{value:.10g}" for value in (row.area, row.coverage, row.seconds))
    return (row.label, row.cells, *figures, row.time)
