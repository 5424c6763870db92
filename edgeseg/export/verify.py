"""Comparing a file with the Keras model that it was made from, on real images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgeseg import metrics
from edgeseg.artifact import Artifact
from edgeseg.runtime import Segmenter, binarize

#: How many of the least agreeing images are named.
WORST = 5

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What the Keras model makes of some images of one split.

    Attributes:
        split: of the data set.
        stems: of the images.
        images: `(H, W)` uint8, prepared, each of the model's input size.
        truths: `(H, W)` bool.
        predictions: `(H, W)` bool, the Keras model's.
    """

    split: str
    stems: tuple[str, ...]
    images: Sequence[npt.NDArray[np.uint8]]
    truths: Sequence[Mask]
    predictions: Sequence[Mask]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """How far a file agrees with its Keras model.

    Attributes:
        split: the images' split.
        images: how many.
        agreement: share of mask pixels that agree, 0 to 1, over all images.
        dice_keras: pooled Dice of the Keras model against the truth.
        dice_file: pooled Dice of the file against the truth.
        worst: the images that agree least, with their agreement.
    """

    split: str
    images: int
    agreement: float
    dice_keras: float
    dice_file: float
    worst: tuple[tuple[str, float], ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data."""
        return {
            "split": self.split,
            "images": self.images,
            "agreement": self.agreement,
            "dice_keras": self.dice_keras,
            "dice_file": self.dice_file,
            "worst": [{"stem": stem, "agreement": share} for stem, share in self.worst],
        }


def verify(data: bytes, reference: Reference, *, name: str) -> Verification:
    """Run a file over the reference images and compare masks.

    Args:
        data: the .tflite file.
        reference: from the Keras model.
        name: of the file, for errors.
    """
    segmenter = Segmenter(Artifact(path=Path(name), data=data, metadata={}))
    masks = [binarize(segmenter.invoke(image)) for image in reference.images]
    shares = [float(np.mean(a == b)) for a, b in zip(masks, reference.predictions, strict=True)]
    order = np.argsort(shares)[:WORST]
    return Verification(
        split=reference.split,
        images=len(masks),
        agreement=float(np.mean(shares)),
        dice_keras=_dice(reference.truths, reference.predictions),
        dice_file=_dice(reference.truths, masks),
        worst=tuple((reference.stems[i], shares[i]) for i in order),
    )


def _dice(truths: Sequence[Mask], predictions: Sequence[Mask]) -> float:
    pairs = zip(truths, predictions, strict=True)
    return metrics.pooled([metrics.count(truth, predicted) for truth, predicted in pairs])["dice"]
