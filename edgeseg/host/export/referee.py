"""Which of two files of the same network to ship: the one that took a fine-tuning, or the one without.

Both segment the validation images. The fine-tuned file must win by more than chance, since the other is
made in a minute; and a little of its lead is luck, because its epoch was chosen on the same images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from edgeseg.data.dataset import SegmentationDataset
from edgeseg.metrics import pixels
from edgeseg.metrics.pixels import ConfusionCounts
from edgeseg.model import preprocessing
from edgeseg.model.artifact import Artifact
from edgeseg.model.segmenter import Segmenter
from edgeseg.prediction.tiling import segment

#: Times that the images are drawn again, with replacement.
DRAWS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the referee found.

    Attributes:
        ship: the variant to ship.
        tuned: the fine-tuned variant.
        plain: the other one.
        images: of the validation split.
        dice_tuned: pooled Dice of the fine-tuned file, 0 to 1.
        dice_plain: pooled Dice of the other.
        low: lower end of the 95 % interval of the difference (tuned less plain), from a bootstrap over
            the images, both files on the same ones.
        high: upper end.
    """

    ship: str
    tuned: str
    plain: str
    images: int
    dice_tuned: float
    dice_plain: float
    low: float
    high: float

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data, the sentence included."""
        return asdict(self) | {"sentence": self.sentence}

    @property
    def sentence(self) -> str:
        """What to ship, and why."""
        difference = 100 * (self.dice_tuned - self.dice_plain)
        if self.ship == self.tuned:
            reason = f"it is better than {self.plain}"
        elif self.high < 0:
            reason = f"{self.tuned} is worse"
        else:
            reason = f"{self.tuned} is not measurably better, and this one needs no fine-tuning"
        return (
            f"ship {self.ship}: {reason} (validation Dice {self.tuned} {self.dice_tuned:.4f}, {self.plain} "
            f"{self.dice_plain:.4f}: {difference:+.2f} points, 95 % interval {100 * self.low:+.2f} to "
            f"{100 * self.high:+.2f}, {self.images} images)"
        )


def judge_pair(tuned: Artifact, plain: Artifact, dataset: SegmentationDataset) -> Verdict:
    """Compare a fine-tuned file with its rival on the validation split.

    Raises:
        ArtifactError: a file cannot be run.
        DatasetError: an image cannot be read.
    """
    counts = _count(tuned, dataset), _count(plain, dataset)
    low, high = difference_interval(*counts)
    dice_tuned, dice_plain = (pixels.pooled(each)["dice"] for each in counts)
    return Verdict(
        ship=(tuned if low > 0 else plain).variant,
        tuned=tuned.variant,
        plain=plain.variant,
        images=len(counts[0]),
        dice_tuned=dice_tuned,
        dice_plain=dice_plain,
        low=low,
        high=high,
    )


def _count(artifact: Artifact, dataset: SegmentationDataset) -> list[ConfusionCounts]:
    segmenter, counts = Segmenter(artifact), []
    for sample in dataset.split("val"):
        image, truth = sample.read()
        mask = segment(preprocessing.apply(image, artifact.preprocessing), segmenter)
        counts.append(pixels.count(truth.mask, mask != 0))
    return counts


def difference_interval(
    first: Sequence[ConfusionCounts], second: Sequence[ConfusionCounts]
) -> tuple[float, float]:
    """The 95 % bootstrap interval of the difference of two pooled Dice.

    Args:
        first: counts of each image.
        second: counts of the same images by another file.
    """
    draws = np.random.default_rng(0).multinomial(len(first), [1 / len(first)] * len(first), DRAWS)
    low, high = np.quantile(_pooled_dice(draws, first) - _pooled_dice(draws, second), (0.025, 0.975))
    return float(low), float(high)


def _pooled_dice(draws: Any, counts: Sequence[ConfusionCounts]) -> Any:
    tp, wrong = (draws @ np.array([(each.tp, each.fp + each.fn) for each in counts])).T
    return np.where(tp + wrong > 0, 2 * tp / np.maximum(2 * tp + wrong, 1), 1.0)
