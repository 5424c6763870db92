"""Proving a new file before it is written: its name against its content, its masks against a reference."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgeseg import files
from edgeseg.audit.audit import Audit, audit_model, judge
from edgeseg.data.calibration import Calibration, Size, window
from edgeseg.data.dataset import SegmentationDataset
from edgeseg.errors import CheckError
from edgeseg.metrics import pixels
from edgeseg.model import artifact, preprocessing
from edgeseg.model.artifact import Artifact
from edgeseg.model.preprocessing import Preprocessing
from edgeseg.model.recipe import Recipe
from edgeseg.model.segmenter import Segmenter

#: Validation images that a file is verified on, at most.
COUNT = 100

#: How many of the least agreeing images are named.
WORST = 5

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What the model that a file is made from makes of some images of one split.

    Attributes:
        model: what it is, for sentences: `its Keras model`.
        split: of the data set.
        stems: of the images.
        images: `(H, W)` uint8, prepared, each of the model's input size.
        truths: `(H, W)` bool.
        predictions: `(H, W)` bool, the reference model's.
    """

    model: str
    split: str
    stems: tuple[str, ...]
    images: Sequence[npt.NDArray[np.uint8]]
    truths: Sequence[Mask]
    predictions: Sequence[Mask]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """How far a file agrees with the model that it was made from.

    Attributes:
        reference: what that model is.
        split: the images' split.
        images: how many.
        agreement: share of mask pixels that agree, 0 to 1, over all images.
        dice_reference: pooled Dice of the reference model against the truth.
        dice_file: pooled Dice of the file against the truth.
        worst: the images that agree least, with their agreement.
    """

    reference: str
    split: str
    images: int
    agreement: float
    dice_reference: float
    dice_file: float
    worst: tuple[tuple[str, float], ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data."""
        return {
            "reference": self.reference,
            "split": self.split,
            "images": self.images,
            "agreement": self.agreement,
            "dice_reference": self.dice_reference,
            "dice_file": self.dice_file,
            "worst": [{"stem": stem, "agreement": share} for stem, share in self.worst],
        }


def draw_reference(
    dataset: SegmentationDataset,
    prepare: Preprocessing,
    predict: Callable[[npt.NDArray[np.uint8]], Mask],
    *,
    model: str,
    size: Size,
    count: int = COUNT,
    seed: int = 0,
) -> Reference:
    """Predict a sample of the validation images, by seed.

    Args:
        dataset: to draw from.
        prepare: the preprocessing that the model was trained with.
        predict: the reference model: a prepared tile `(H, W)` uint8 to its mask `(H, W)` bool.
        model: what it is, for sentences.
        size: of the model's input.
        count: images, at most.
        seed: of the choice and of the windows of larger images.

    Raises:
        DatasetError: the validation split is empty, or an image cannot be read.
    """
    samples = dataset.split("val")
    rng = np.random.default_rng(seed)
    chosen = [samples[i] for i in sorted(rng.permutation(len(samples))[:count].tolist())]
    images, truths = [], []
    for sample in chosen:
        image, truth = sample.read()
        image = preprocessing.apply(image, prepare)
        # One window for both: the mask travels as a second grey image.
        state = int(rng.integers(2**31))
        tile, truth_tile = (
            window(each, size, np.random.default_rng(state)) for each in (image, truth.mask.astype(np.uint8))
        )
        images.append(tile)
        truths.append(truth_tile != 0)
    return Reference(
        model=model,
        split="val",
        stems=tuple(sample.stem for sample in chosen),
        images=images,
        truths=truths,
        predictions=[predict(tile) for tile in images],
    )


def verify(data: bytes, reference: Reference, *, name: str) -> Verification:
    """Run a file over the reference images and compare masks.

    Args:
        data: the .tflite file.
        reference: from the model that it was made from.
        name: of the file, for errors.
    """
    segmenter = Segmenter(Artifact(path=Path(name), data=data, metadata={}))
    masks = [segmenter.mask(image) for image in reference.images]
    shares = [float(np.mean(a == b)) for a, b in zip(masks, reference.predictions, strict=True)]
    order = np.argsort(shares)[:WORST]
    return Verification(
        reference=reference.model,
        split=reference.split,
        images=len(masks),
        agreement=float(np.mean(shares)),
        dice_reference=_dice(reference.truths, reference.predictions),
        dice_file=_dice(reference.truths, masks),
        worst=tuple((reference.stems[i], shares[i]) for i in order),
    )


def _dice(truths: Sequence[Mask], predictions: Sequence[Mask]) -> float:
    pairs = zip(truths, predictions, strict=True)
    return pixels.pooled([pixels.count(truth, predicted) for truth, predicted in pairs])["dice"]


def accept(data: bytes, recipe: Recipe, reference: Reference, *, name: str) -> tuple[Audit, Verification]:
    """Audit and verify a new file.

    Raises:
        CheckError: it is not what its recipe promises, or disagrees with its reference.
    """
    audit = audit_model(data, name=name)
    findings = judge(audit, recipe)
    if findings:
        raise CheckError(f"{name} is not what its name says, so it was not written: {'; '.join(findings)}")
    verification = verify(data, reference, name=name)
    if verification.agreement < recipe.min_agreement:
        stem, share = verification.worst[0]
        raise CheckError(
            f"{name} agrees with {reference.model} on {verification.agreement:.2%} of mask pixels, expected "
            f"at least {recipe.min_agreement:.2%}, so it was not written; worst image {stem} ({share:.2%}); "
            "train longer, calibrate with more images (--calibration-count), or take it as it is "
            "(--min-agreement)"
        )
    return audit, verification


def sidecar_facts(
    path: Path,
    data: bytes,
    recipe: Recipe,
    *,
    audit: Audit,
    calibration: Calibration | None,
    verification: Verification,
) -> dict[str, Any]:
    """What the sidecar of every file states, whoever made it."""
    return {
        "schema_version": artifact.SCHEMA_VERSION,
        "name": artifact.model_name(path),
        # Size and digest are the content's, whether or not the file is compressed.
        "sha256": files.sha256_bytes(data),
        "bytes": len(data),
        "gzip_bytes": len(gzip.compress(data, compresslevel=9, mtime=0)),
        "recipe": recipe.to_dict(),
        "threshold": {"probability": 0.5, "quantized": 0 if recipe.io == "int8" else None},
        "calibration": calibration.manifest() if calibration else None,
        "audit": audit.to_dict(),
        "verification": verification.to_dict(),
    }
