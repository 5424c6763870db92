"""From the camera's grey value to what the network sees: the one definition, everywhere.

Training, calibration, bench and prediction all call `apply` and then `to_input`. Both steps stay in
8 bits, so that on the device an int8 input costs one XOR and no float arithmetic: the input's scale
is 1/255 and its zero point -128, and `grey ^ 0x80`, read as int8, is `grey - 128`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgeseg.networks.config import Preprocessing


def apply(image: npt.NDArray[np.uint8], preprocessing: Preprocessing) -> npt.NDArray[np.uint8]:
    """Prepare a whole image; call it before cutting tiles, so that all tiles are stretched alike.

    Args:
        image: `(H, W)` uint8.
        preprocessing: what to do.

    Returns:
        `(H, W)` uint8; for `scale` the image itself.
    """
    if preprocessing.kind == "scale":
        return image
    return stretch_table(image, preprocessing)[image]


def stretch_table(image: npt.NDArray[np.uint8], preprocessing: Preprocessing) -> npt.NDArray[np.uint8]:
    """The lookup table of 256 uint8 that stretches `image` between its percentiles.

    The percentiles are grey values that occur (no interpolation): the least value that at least
    that share of the pixels does not exceed.
    """
    cumulative = np.cumsum(_histogram(image))
    low, high = (
        int(np.searchsorted(cumulative, max(percentile * image.size / 100, 1)))
        for percentile in (preprocessing.low, preprocessing.high)
    )
    high = max(min(high, 255), low + preprocessing.min_range)
    values = (np.arange(256, dtype=np.float64) - low) * (255 / (high - low))
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _histogram(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """How often each of the 256 grey values occurs; in bands, since bincount makes int64 of its input."""
    rows = max(2**20 // image.shape[1], 1)
    bands = (image[top : top + rows].ravel() for top in range(0, image.shape[0], rows))
    total = np.zeros(256, np.int64)
    for band in bands:
        total += np.bincount(band, minlength=256)
    return total


def to_float(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Grey values 0 to 255 as float32 from 0 to 1, for a network with float input; same shape."""
    return image.astype(np.float32) * np.float32(1 / 255)


def to_int8(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.int8]:
    """Grey values 0 to 255 as int8 with scale 1/255 and zero point -128; same shape, one XOR."""
    return (image ^ np.uint8(0x80)).view(np.int8)
