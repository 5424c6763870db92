"""Random crops, flips, right-angle rotations, brightness and contrast, on 8-bit images.

Everything follows from the generator handed in, so a crop is the same in every run of the same seed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from edgeseg.networks.training import TrainingConfig

Image = npt.NDArray[np.uint8]
TruthPixels = npt.NDArray[Any]


def augment(
    image: Image, truth: TruthPixels, config: TrainingConfig, rng: np.random.Generator
) -> tuple[Image, TruthPixels]:
    """Cut and vary one training example.

    Args:
        image: `(H, W)` or `(H, W, C)` uint8, already preprocessed.
        truth: `(H, W)`, a mask or labels.
        config: crop size and which variations.
        rng: decides everything.

    Returns:
        Image and truth, `(crop, crop)`, or of the whole image where `config.crop_size` is 0.
    """
    if config.crop_size:
        image, truth = _crop(image, truth, config.crop_size, rng)
    if config.flip:
        down, across = (int(rng.integers(2)) * 2 - 1 for _ in range(2))
        image, truth = image[::down, ::across], truth[::down, ::across]
    if config.rotate:
        turns = int(rng.integers(4)) if image.shape[0] == image.shape[1] else 2 * int(rng.integers(2))
        image, truth = np.rot90(image, turns), np.rot90(truth, turns)
    if config.brightness or config.contrast:
        image = _relight(image, config, rng)
    return np.ascontiguousarray(image), np.ascontiguousarray(truth)


def _crop(image: Image, truth: TruthPixels, size: int, rng: np.random.Generator) -> tuple[Image, TruthPixels]:
    top, left = (int(rng.integers(length - size + 1)) for length in image.shape[:2])
    window = np.s_[top : top + size, left : left + size]
    return image[window], truth[window]


def _relight(image: Image, config: TrainingConfig, rng: np.random.Generator) -> Image:
    """Change contrast about the mean, then brightness, through a table of 256 grey values."""
    shift = 255 * config.brightness * rng.uniform(-1, 1)
    gain = 1 + config.contrast * rng.uniform(-1, 1)
    centre = float(image.mean())
    values = (np.arange(256) - centre) * gain + centre + shift
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)[image]
