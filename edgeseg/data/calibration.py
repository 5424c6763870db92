"""The images that teach a post-training quantization its activation ranges.

A data product of its own: drawn from the training split alone, by a seed, through the preprocessing that
the device uses, and written down so that anyone can draw it again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from edgeseg.data.dataset import SegmentationDataset, size_text
from edgeseg.errors import ConfigError, DatasetError
from edgeseg.model import encoding, preprocessing
from edgeseg.model.preprocessing import Preprocessing
from edgeseg.model.sidecar import CalibrationUsed

#: Within the 100 to 500 images that quantization guides advise.
DEFAULT_COUNT = 200

#: Height and width of a model's input in pixels, or one number for both.
Size = int | tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Calibration images and where they came from.

    Attributes:
        images: `(N, H, W)` or `(N, H, W, C)` uint8, prepared.
        stems: of the samples, in the order of `images`.
        split: always `train`.
        seed: that drew them.
        preprocessing: that prepared them.
    """

    images: npt.NDArray[np.uint8]
    stems: tuple[str, ...]
    split: str
    seed: int
    preprocessing: Preprocessing

    def manifest(self) -> CalibrationUsed:
        """What to write into the sidecar."""
        return CalibrationUsed(
            split=self.split,
            seed=self.seed,
            count=len(self.stems),
            stems=self.stems,
            preprocessing=self.preprocessing,
            anchored="two corner pixels of the first image set to 0 and 255",
            sha256=hashlib.sha256(self.images.tobytes()).hexdigest(),
        )


def draw_calibration(
    dataset: SegmentationDataset,
    prepare: Preprocessing,
    *,
    size: Size,
    count: int = DEFAULT_COUNT,
    seed: int = 0,
    covered: float = 0.0,
) -> Calibration:
    """Draw images from the training split.

    Args:
        dataset: to draw from; never from its validation or test split.
        prepare: the preprocessing that the model was trained with.
        size: of the model's input; larger images give a random window, smaller ones are extended by
            reflection.
        count: how many; all of the split where it has fewer.
        seed: of the choice and the windows.
        covered: the share of the input's height and width, 0 to 1, that each image must cover.

    Raises:
        ConfigError: `count` is not positive.
        DatasetError: the training split is empty, an image cannot be read, or it is too small.
    """
    if count < 1:
        raise ConfigError(f"expected at least 1 calibration image, but got {count}")
    samples = dataset.split("train")
    rng = np.random.default_rng(seed)
    chosen = sorted(rng.permutation(len(samples))[:count].tolist())
    tiles = []
    for i in chosen:
        image = samples[i].read_image()
        _refuse_small(image, size, covered, samples[i].image_path)
        tiles.append(window(preprocessing.apply(image, prepare), size, rng))
    return Calibration(
        images=_anchored(np.stack(tiles)),
        stems=tuple(samples[i].stem for i in chosen),
        split="train",
        seed=seed,
        preprocessing=prepare,
    )


def _refuse_small(image: npt.NDArray[np.uint8], size: Size, covered: float, path: Path) -> None:
    height, width = _height_width(size)
    if image.shape[0] < covered * height or image.shape[1] < covered * width:
        raise DatasetError(
            f"expected calibration images of about {width}x{height} pixels, the model's input, but {path} "
            f"has {size_text(image)}: most of the input would be its mirror image; name the images that the "
            "model is meant for"
        )


def _height_width(size: Size) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else size


def _anchored(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Make sure that black and white occur: two corner pixels of the first image are set to them.

    The input's scale is the range seen in calibration over 255. Only where that range is 0 to 1 is the
    scale that of `interface.INT8_INPUT`, so that preparing an image is one XOR.
    """
    images[0, 0, 0], images[0, 0, 1] = 0, 255
    return images


def window(image: npt.NDArray[np.uint8], size: Size, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """A random window of `size` out of `(H, W[, C])` uint8, extended by reflection where it is smaller."""
    wanted = _height_width(size)
    bottom, right = (max(want - side, 0) for want, side in zip(wanted, image.shape[:2], strict=True))
    if bottom or right:
        image = np.asarray(cv2.copyMakeBorder(image, 0, bottom, 0, right, cv2.BORDER_REFLECT), np.uint8)
    top, left = (
        int(rng.integers(side - want + 1)) for want, side in zip(wanted, image.shape[:2], strict=True)
    )
    return image[top : top + wanted[0], left : left + wanted[1]]


def representative_dataset(
    images: Sequence[npt.NDArray[Any]] | npt.NDArray[Any],
) -> Callable[[], Iterator[list[npt.NDArray[np.float32]]]]:
    """What the converter calls for calibration: one `(1, H, W, C)` float32 array a time.

    Args:
        images: `(H, W)` or `(H, W, C)` each; uint8 values are scaled to 0 to 1, floats are taken as they are.

    Raises:
        DatasetError: a value is NaN or infinite. An infinite one makes the converter crash
            (TensorFlow issue 120295), so it is refused before the converter sees any.
    """
    arrays = [
        encoding.float_image(each) if each.dtype == np.uint8 else encoding.as_batch(each.astype(np.float32))
        for each in images
    ]
    for index, array in enumerate(arrays):
        if not np.isfinite(array).all():
            raise DatasetError(
                f"expected finite calibration images, but number {index} holds NaN or infinite values; "
                "leave it out or mend it"
            )
    return lambda: ([array] for array in arrays)
