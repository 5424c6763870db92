"""Which of the true cells were found: two label images, matched cell by cell.

A true and a found cell can match if their intersection over union is at least a threshold. Each matches one
other at most, so that there are as many matches as there can be, and among those with as many the ones of
which the IoU add up to most. From 0.5 on this leaves nothing to choose (two cells of which each covers more
than half of a third would overlap); below, an assignment is solved.

The figures (`CellCounts`) are those of StarDist's `matching` (Schmidt et al. 2018, doi
10.1007/978-3-030-00934-2_30), except that where nothing is true and nothing found, they are 1 and not 0.
Below 0.5, StarDist lets pairs under the threshold take part in the choice between equally many matches; here
they do not, so that a mean IoU has one value.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeseg.metrics.assignment import best_pairs
from edgeseg.metrics.cells import MIN_IOU, CellCounts

Labels = npt.NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class Match:
    """A true cell and the one that was found for it.

    Attributes:
        true: its number in the truth.
        found: its number in the prediction.
        iou: intersection over union, 0 to 1.
    """

    true: int
    found: int
    iou: float


@dataclass(frozen=True, slots=True)
class Matching:
    """The matches of one image at one threshold.

    Attributes:
        threshold: least IoU of a match.
        true: cells in the truth.
        found: cells in the prediction.
        matches: in the order of the true cells.
    """

    threshold: float
    true: int
    found: int
    matches: tuple[Match, ...]

    @property
    def counts(self) -> CellCounts:
        """How many, and how well they match."""
        return CellCounts(
            self.true, self.found, len(self.matches), sum((each.iou for each in self.matches), start=0.0)
        )


@dataclass(frozen=True, slots=True, eq=False)
class Overlaps:
    """The cells of two label images, and which of them share pixels.

    Attributes:
        true: `(T,)` numbers of the true cells, ascending.
        found: `(F,)` likewise, of the found ones.
        rows: `(P,)` which of `true`, for each pair that shares pixels.
        columns: `(P,)` which of `found`.
        iou: `(P,)` float64, intersection over union.
    """

    true: npt.NDArray[np.intp]
    found: npt.NDArray[np.intp]
    rows: npt.NDArray[np.intp]
    columns: npt.NDArray[np.intp]
    iou: npt.NDArray[np.float64]

    def match(self, threshold: float = MIN_IOU) -> Matching:
        """The matches at a threshold.

        Args:
            threshold: least IoU of a match, above 0, at most 1.

        Raises:
            ValueError: the threshold is out of range.
        """
        if not 0 < threshold <= 1:
            raise ValueError(f"expected an IoU threshold above 0 and of at most 1, but got {threshold}")
        likely = np.flatnonzero(self.iou >= threshold)
        chosen = likely[_best(self.rows[likely], self.columns[likely], self.iou[likely])]
        chosen = chosen[np.argsort(self.rows[chosen])]
        matches = zip(
            self.true[self.rows[chosen]].tolist(), self.found[self.columns[chosen]].tolist(),
            self.iou[chosen].tolist(), strict=True,
        )  # fmt: skip
        return Matching(threshold, len(self.true), len(self.found), tuple(Match(*each) for each in matches))


def match_cells(true: Labels, found: Labels, threshold: float = MIN_IOU, *, min_area: int = 0) -> Matching:
    """Match the cells of two label images at one threshold; as `overlap` and `Overlaps.match`."""
    return overlap(true, found, min_area=min_area).match(threshold)


def overlap(true: Labels, found: Labels, *, min_area: int = 0) -> Overlaps:
    """Compare the cells of two label images.

    Args:
        true: `(H, W)` whole numbers, 0 is background, each other number one cell. Memory grows with the
            largest number.
        found: of the same shape.
        min_area: cells of fewer pixels are specks: they are in neither image.

    Raises:
        ValueError: the shapes differ, or a number is negative or not whole.
    """
    if true.shape != found.shape or not (_are_labels(true) and _are_labels(found)):
        raise ValueError(
            "expected two label images of one shape, whole numbers from 0, but got "
            f"{true.dtype} {true.shape} and {found.dtype} {found.shape}"
        )
    true_areas, found_areas = _areas(true), _areas(found)
    true_cells, found_cells = (_cells(areas, min_area) for areas in (true_areas, found_areas))
    inside = (true != 0) & (found != 0)
    both = true[inside].astype(np.intp) * len(found_areas) + found[inside].astype(np.intp)
    pairs, shared = _tally(both)
    one, other = np.divmod(pairs, len(found_areas))
    large = (true_areas[one] >= min_area) & (found_areas[other] >= min_area)
    one, other, shared = one[large], other[large], shared[large]
    return Overlaps(
        true=true_cells, found=found_cells, rows=np.searchsorted(true_cells, one),
        columns=np.searchsorted(found_cells, other),
        iou=shared / (true_areas[one] + found_areas[other] - shared),
    )  # fmt: skip


def count_cells(labels: Labels, *, min_area: int = 0) -> int:
    """How many cells a label image has, specks left out; as `overlap` counts them."""
    return len(_cells(_areas(labels), min_area))


def _are_labels(image: Labels) -> bool:
    return image.dtype.kind in "ui" and int(image.min(initial=0)) >= 0


def _areas(labels: Labels) -> npt.NDArray[np.intp]:
    """Pixels of each number, those of the background left out (most of them, and they take longest)."""
    return np.bincount(labels[labels != 0].astype(np.intp), minlength=1)


def _tally(numbers: npt.NDArray[np.intp]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Which numbers occur, ascending, and how often; by a table unless that is much longer than they are."""
    if numbers.max(initial=0) > 8 * numbers.size + 4096:
        return np.unique(numbers, return_counts=True)
    times = np.bincount(numbers, minlength=1)
    occurring = np.flatnonzero(times)
    return occurring, times[occurring]


def _cells(areas: npt.NDArray[np.intp], min_area: int) -> npt.NDArray[np.intp]:
    """The numbers that are cells."""
    return np.flatnonzero(areas >= max(min_area, 1))


def _best(
    rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp], iou: npt.NDArray[np.float64]
) -> npt.NDArray[np.intp]:
    """Which pairs to take, as their numbers."""
    alone = (np.bincount(rows)[rows] == 1) & (np.bincount(columns)[columns] == 1)
    taken = [np.flatnonzero(alone)]
    group = _groups(rows, columns)
    for number in np.unique(group[~alone]):
        pairs = np.flatnonzero(group == number)
        _, row = np.unique(rows[pairs], return_inverse=True)
        _, column = np.unique(columns[pairs], return_inverse=True)
        # One more match outweighs every sum of IoU.
        gain = np.zeros((row.max() + 1, column.max() + 1))
        gain[row, column] = 1 + iou[pairs] / (2 * min(gain.shape))
        chosen = np.zeros(gain.shape, np.bool_)
        chosen[best_pairs(gain)] = True
        taken.append(pairs[chosen[row, column]])
    return np.concatenate(taken)


def _groups(rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """For each pair the least row that it hangs together with, over common rows and columns."""
    least = np.arange(rows.max(initial=-1) + 1)
    while True:
        by_column = np.full(columns.max(initial=-1) + 1, len(least))
        np.minimum.at(by_column, columns, least[rows])
        before, least = least, least.copy()
        np.minimum.at(least, rows, by_column[columns])
        if np.array_equal(least, before):
            return least[rows]
