"""The one definition of every metric, on boolean masks and on the cells in them.

With TP, FP, FN, TN as pixel counts:

    accuracy   (TP + TN) / all            precision  TP / (TP + FP)        recall  TP / (TP + FN)
    F1 = Dice  2 TP / (2 TP + FP + FN)    Jaccard = IoU  TP / (TP + FP + FN)

The rule for empty masks: where a fraction is 0/0, it is 1 if truth and prediction are both empty
(nothing was there and nothing was found) and 0 otherwise. Dice and Jaccard can be 0/0 only in the
first case. Precision, recall and F1 of cells follow the same rule (which cells match: `metrics/matching.py`).

`pooled` adds up the counts of all images first; `mean` averages each image's own value, as the paper
does (doi 10.55214/25768484.v9i3.5668; the accuracy printed there repeats FN, the second is FP here).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

NAMES = ("accuracy", "precision", "recall", "dice", "iou")


@dataclass(frozen=True, slots=True)
class ConfusionCounts:
    """Pixels by truth and prediction."""

    tp: int
    fp: int
    fn: int
    tn: int

    def __add__(self, other: ConfusionCounts) -> ConfusionCounts:
        return ConfusionCounts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn, self.tn + other.tn)

    def _ratio(self, numerator: int, denominator: int) -> float:
        if denominator:
            return numerator / denominator
        return 1.0 if self.tp + self.fp + self.fn == 0 else 0.0

    @property
    def accuracy(self) -> float:
        """Share of pixels that agree."""
        return self._ratio(self.tp + self.tn, self.tp + self.fp + self.fn + self.tn)

    @property
    def precision(self) -> float:
        """Share of the predicted foreground that is true."""
        return self._ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float:
        """Share of the true foreground that is predicted."""
        return self._ratio(self.tp, self.tp + self.fn)

    @property
    def dice(self) -> float:
        """Dice coefficient of the foreground, the same as F1."""
        return self._ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    @property
    def iou(self) -> float:
        """Intersection over union of the foreground, the same as the Jaccard index."""
        return self._ratio(self.tp, self.tp + self.fp + self.fn)

    def to_dict(self) -> dict[str, float]:
        """All metrics by name, each from 0 to 1."""
        return {name: getattr(self, name) for name in NAMES}


def count(truth: npt.NDArray[np.bool_], prediction: npt.NDArray[np.bool_]) -> ConfusionCounts:
    """Compare two masks of the same shape, bool.

    Raises:
        ValueError: the shapes differ, or a mask is not bool.
    """
    if truth.shape != prediction.shape or truth.dtype != np.bool_ or prediction.dtype != np.bool_:
        raise ValueError(
            f"expected two bool masks of one shape, but got {truth.dtype} {truth.shape} "
            f"and {prediction.dtype} {prediction.shape}"
        )
    tp = int(np.count_nonzero(truth & prediction))
    positive, predicted = int(np.count_nonzero(truth)), int(np.count_nonzero(prediction))
    fp, fn = predicted - tp, positive - tp
    return ConfusionCounts(tp=tp, fp=fp, fn=fn, tn=truth.size - tp - fp - fn)


def pooled(counts: Sequence[ConfusionCounts]) -> dict[str, float]:
    """Every metric over the pixels of all images together."""
    return sum(counts, start=ConfusionCounts(0, 0, 0, 0)).to_dict()


def mean(counts: Sequence[ConfusionCounts]) -> dict[str, float]:
    """Every metric as the mean of each image's own value; `counts` must not be empty."""
    return {name: float(np.mean([getattr(each, name) for each in counts])) for name in NAMES}
