"""The images that teach a post-training quantization its activation ranges.

A data product of its own: drawn from the training split alone, by a seed, through the preprocessing that
the device uses, and written down so that anyone can draw it again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from edgeseg import preprocessing
from edgeseg.config import Preprocessing
from edgeseg.data.dataset import SegmentationDataset
from edgeseg.data.images import read_grey8
from edgeseg.errors import ConfigError, DatasetError

#: Within the 100 to 500 images that quantization guides advise.
DEFAULT_COUNT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Calibration images and where they came from.

    Attributes:
        images: `(N, H, W)` uint8, prepared.
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

    def manifest(self) -> dict[str, Any]:
        """What to write into the sidecar; `sha256` is over the prepared pixels in order."""
        return {
            "split": self.split,
            "seed": self.seed,
            "count": len(self.stems),
            "stems": list(self.stems),
            "preprocessing": asdict(self.preprocessing),
            "anchored": "two corner pixels of the first image set to 0 and 255",
            "sha256": hashlib.sha256(self.images.tobytes()).hexdigest(),
        }


def draw_calibration(
    dataset: SegmentationDataset,
    prepare: Preprocessing,
    *,
    size: int,
    count: int = DEFAULT_COUNT,
    seed: int = 0,
) -> Calibration:
    """Draw images from the training split.

    Args:
        dataset: to draw from; never from its validation or test split.
        prepare: the preprocessing that the model was trained with.
        size: height and width of the model's input; larger images give a random window, smaller ones
            are extended by reflection.
        count: how many; all of the split where it has fewer.
        seed: of the choice and the windows.

    Raises:
        ConfigError: `count` is not positive.
        DatasetError: the training split is empty, or an image cannot be read.
    """
    if count < 1:
        raise ConfigError(f"expected at least 1 calibration image, but got {count}")
    samples = dataset.split("train")
    rng = np.random.default_rng(seed)
    chosen = sorted(rng.permutation(len(samples))[:count].tolist())
    tiles = [
        window(preprocessing.apply(read_grey8(samples[i].image_path), prepare), size, rng) for i in chosen
    ]
    return Calibration(
        images=_anchored(np.stack(tiles)),
        stems=tuple(samples[i].stem for i in chosen),
        split="train",
        seed=seed,
        preprocessing=prepare,
    )


def _anchored(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Make sure that black and white occur: two corner pixels of the first image are set to them.

    The input's scale is the range seen in calibration over 255. Only when that range is 0 to 1 is the
    scale 1/255 and the zero point -128, so that preparing an image is one XOR.
    """
    images[0, 0, :2] = 0, 255
    return images


def window(image: npt.NDArray[np.uint8], size: int, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """A random square of `size` pixels out of `(H, W)` uint8, extended by reflection where it is smaller."""
    bottom, right = (max(size - side, 0) for side in image.shape)
    if bottom or right:
        image = np.asarray(cv2.copyMakeBorder(image, 0, bottom, 0, right, cv2.BORDER_REFLECT), np.uint8)
    top, left = (int(rng.integers(side - size + 1)) for side in image.shape)
    return image[top : top + size, left : left + size]


def representative_dataset(
    images: Sequence[npt.NDArray[Any]] | npt.NDArray[Any],
) -> Callable[[], Iterator[list[npt.NDArray[np.float32]]]]:
    """What the converter calls for calibration: one `(1, H, W, 1)` float32 array a time.

    Args:
        images: `(H, W)` each; uint8 grey values are scaled to 0 to 1, floats are taken as they are.

    Raises:
        DatasetError: a value is NaN or infinite. An infinite one makes the converter crash
            (TensorFlow issue 120295), so it is refused before the converter sees any.
    """
    arrays = [preprocessing.to_float(each) if each.dtype == np.uint8 else each for each in images]
    for index, array in enumerate(arrays):
        if not np.isfinite(array).all():
            raise DatasetError(
                f"expected finite calibration images, but number {index} holds NaN or infinite values; "
                "leave it out or mend it"
            )
    return lambda: ([np.asarray(array, np.float32)[None, :, :, None]] for array in arrays)
