"""How many cells were found, how well they fit, and what that makes of precision, recall and the rest.

With TP matched cells, FP found ones that match none and FN true ones that match none:

    precision  TP / (TP + FP)           recall  TP / (TP + FN)           F1  2 TP / (2 TP + FP + FN)
    AP  TP / (TP + FP + FN)             mean matched IoU  sum of IoU / TP
    panoptic quality  sum of IoU / (TP + FP / 2 + FN / 2)                mean true IoU  sum of IoU / (TP + FN)

The sums are over the matches. Where nothing is true and nothing found, all of them are 1. AP is the average
precision of the 2018 Data Science Bowl and of StarDist, no area below a curve; panoptic quality is that of
Kirillov et al. 2019 (arXiv 1801.00868). Which cells match: `metrics/matching.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Pixels of the smallest cell; a smaller piece is a speck.
MIN_AREA = 16

#: Intersection over union from which on a true and a found cell match, unless another is asked for.
MIN_IOU = 0.5


@dataclass(frozen=True, slots=True)
class CellCounts:
    """How many cells there are in an image (or in several together).

    Attributes:
        true: in the ground truth.
        found: in the prediction.
        matched: true ones that were found.
        iou_sum: of the matches, each 0 to 1; None where it is not known (results of version 0.1).
    """

    true: int
    found: int
    matched: int
    iou_sum: float | None = None

    def __add__(self, other: CellCounts) -> CellCounts:
        known = self.iou_sum is not None and other.iou_sum is not None
        return CellCounts(
            self.true + other.true,
            self.found + other.found,
            self.matched + other.matched,
            (self.iou_sum or 0.0) + (other.iou_sum or 0.0) if known else None,
        )

    @property
    def precision(self) -> float:
        """Share of the found cells that are true; 1 where none was there and none found."""
        return self._ratio(self.matched, self.found)

    @property
    def recall(self) -> float:
        """Share of the true cells that were found; 1 where none was there and none found."""
        return self._ratio(self.matched, self.true)

    @property
    def f1(self) -> float:
        """Harmonic mean of the two."""
        return self._ratio(2 * self.matched, self.true + self.found)

    @property
    def ap(self) -> float:
        """Matched cells over all that are true or found, matches counted once."""
        return self._ratio(self.matched, self.true + self.found - self.matched)

    @property
    def mean_matched_iou(self) -> float | None:
        """Mean IoU of the matches; 0 where cells are there but none matches."""
        return None if self.iou_sum is None else self._ratio(self.iou_sum, self.matched)

    @property
    def mean_true_iou(self) -> float | None:
        """Mean IoU over the true cells, 0 for one that was not found."""
        return None if self.iou_sum is None else self._ratio(self.iou_sum, self.true)

    @property
    def panoptic_quality(self) -> float | None:
        """F1 times the mean IoU of the matches."""
        return None if self.iou_sum is None else self._ratio(2 * self.iou_sum, self.true + self.found)

    def _ratio(self, numerator: float, denominator: int) -> float:
        if denominator:
            return numerator / denominator
        return 1.0 if self.true + self.found == 0 else 0.0


NO_CELLS = CellCounts(0, 0, 0, 0.0)
