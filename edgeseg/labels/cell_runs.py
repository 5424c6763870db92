"""The runs of cells, with their place in the picture: what measures and outlines are made from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeseg.labels.runs import Runs


@dataclass(frozen=True, slots=True, kw_only=True)
class CellRuns:
    """Runs of cells, those of one number together, each from top to bottom and from left to right.

    Attributes:
        numbers: `(R,)`: of the cells, ascending.
        rows: `(R,)`: y in the picture.
        starts: `(R,)`: the first x.
        stops: `(R,)`: the first x behind it.
    """

    numbers: npt.NDArray[np.int32]
    rows: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    stops: npt.NDArray[np.int64]

    @property
    def firsts(self) -> npt.NDArray[np.intp]:
        """Where the runs of each number begin."""
        return first_of_each(self.numbers)


def first_of_each(numbers: npt.NDArray[np.int32]) -> npt.NDArray[np.intp]:
    """Where each number stands first, of `(N,)` ascending numbers from 1 on."""
    return np.flatnonzero(np.diff(numbers, prepend=0))


def cell_runs(runs: Runs, top: int) -> tuple[CellRuns, npt.NDArray[np.intp]]:
    """The runs of cells in a band.

    Args:
        runs: of the band.
        top: its first row in the picture.

    Returns:
        The runs, and which of `runs` each one is.
    """
    which = np.flatnonzero(runs.numbers)
    which = which[np.argsort(runs.numbers[which], kind="stable")]
    rows, starts = np.divmod(runs.starts[which], np.int64(runs.width))
    stops = starts + runs.lengths[which].astype(np.int64)
    return CellRuns(numbers=runs.numbers[which], rows=rows + top, starts=starts, stops=stops), which
