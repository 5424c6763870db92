"""Which of two files of the same network to ship: the one that took a fine-tuning, or the one without.

Both segment the validation images. The fine-tuned file must win by more than chance, since the other is
made in a minute; and a little of its lead is luck, because its epoch was chosen on the same images.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgeseg import files
from edgeseg.data.dataset import SegmentationDataset
from edgeseg.metrics import pixels
from edgeseg.metrics.pixels import ConfusionCounts
from edgeseg.model import preprocessing
from edgeseg.model.artifact import Artifact
from edgeseg.model.segmenter import Segmenter
from edgeseg.model.sidecar import Verdict
from edgeseg.prediction.tiling import segment

#: Times that the images are drawn again, with replacement.
DRAWS = 2000


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
        plain_sha256=files.sha256_bytes(plain.data),
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
