"""What is done to a whole image before a network sees it: the one definition, everywhere.

Training, calibration, bench and prediction all call `apply` and then `encoding`. This step stays in 8 bits.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from edgeseg.errors import ConfigError
from edgeseg.settings import check_choice, check_range, from_stored

if TYPE_CHECKING:  # help texts name the settings, and need not wait for numpy
    import numpy as np
    import numpy.typing as npt

PREPROCESSINGS = ("scale", "percentile")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preprocessing:
    """How an image is prepared.

    Attributes:
        kind: `scale` leaves grey values alone; `percentile` stretches every image between two of its
            own percentiles, for data whose brightness differs from image to image.
        low: lower percentile, 0 to 100; goes to 0.
        high: upper percentile, 0 to 100; goes to 255.
        min_range: the least distance in grey values between the two, so that an empty dark image is
            not stretched into noise.
    """

    kind: str = "scale"
    low: float = 1.0
    high: float = 99.8
    min_range: int = 16

    def __post_init__(self) -> None:
        check_choice("preprocessing", self.kind, PREPROCESSINGS)
        if not 0 <= self.low < self.high <= 100:
            raise ConfigError(f"expected 0 <= low < high <= 100 percentiles, but got {self.low}, {self.high}")
        check_range("min_range", self.min_range, 1, 255)

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> Preprocessing:
        """From `to_dict`'s data; `ConfigError` on a key or value that does not fit."""
        return from_stored(cls, value)


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
    import numpy as np

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
    import numpy as np

    rows = max(2**20 // image.shape[1], 1)
    bands = (image[top : top + rows].ravel() for top in range(0, image.shape[0], rows))
    total = np.zeros(256, np.int64)
    for band in bands:
        total += np.bincount(band, minlength=256)
    return total
