"""Labels as runs: pixels of one number that follow one another in a row.

A picture has a thousand times as many pixels as cells and a hundred times as many as runs, so what is asked
of cells is asked of their runs: sums over a run need its ends alone, and are whole numbers, hence exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, kw_only=True)
class Runs:
    """The runs of some rows, from left to right and from top to bottom; the background has runs too.

    Attributes:
        width: of the rows, pixels.
        lengths: `(R,)` int32: pixels of each run, 1 or more; no run goes on in the next row.
        numbers: `(R,)` int32: the label of each run.
    """

    width: int
    lengths: npt.NDArray[np.int32]
    numbers: npt.NDArray[np.int32]

    @cached_property
    def starts(self) -> npt.NDArray[np.int64]:
        """`(R,)`: where each run begins, pixels counted through all rows."""
        ends = np.cumsum(self.lengths, dtype=np.int64)
        return ends - self.lengths

    def labels(self) -> npt.NDArray[np.int32]:
        """The rows themselves, `(rows, W)`."""
        return np.repeat(self.numbers, self.lengths).reshape(-1, self.width)

    def renumbered(self, table: npt.NDArray[np.int32]) -> Runs:
        """The same runs, each with the number that the table has for its own."""
        return Runs(width=self.width, lengths=self.lengths, numbers=table[self.numbers])


def find_runs(labels: npt.NDArray[np.int32]) -> Runs:
    """The runs of labels.

    Args:
        labels: `(rows, W)`, both 1 or more.
    """
    width = labels.shape[1]
    flat = np.ascontiguousarray(labels).reshape(-1)
    begins = np.empty(flat.shape, np.bool_)
    np.not_equal(flat[1:], flat[:-1], out=begins[1:])
    begins[::width] = True
    starts = np.flatnonzero(begins)
    lengths = np.diff(starts, append=len(flat)).astype(np.int32)
    return Runs(width=width, lengths=lengths, numbers=flat[starts])
