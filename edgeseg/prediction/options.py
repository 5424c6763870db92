"""What a user can ask of a prediction; light, so that the command line reads its defaults here."""

from __future__ import annotations

import math
from dataclasses import dataclass

from edgeseg.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictOptions:
    """What to make of each image.

    Attributes:
        overlap: pixels that neighbouring tiles share at least; None: `tiling.default_overlap`.
        min_area: components of fewer pixels are taken out of the mask; 0 keeps the network's answer.
            On phase-contrast test images (cells of 500 pixels and more) a U-Net's answer had 684
            components against 434 in the truth, and 398 without those under 16 pixels, which were
            0.08 % of the foreground.
        pixel_size: micrometres a pixel, for tables in micrometres; None: tables in pixels.
        overlays: draw a picture of each image with its cells outlined.
        threads: of the network.
    """

    overlap: int | None = None
    min_area: int = 16
    pixel_size: float | None = None
    overlays: bool = True
    threads: int = 1

    def __post_init__(self) -> None:
        if self.min_area < 0:
            raise ConfigError(f"expected a least area of 0 pixels or more, but got {self.min_area}")
        if self.pixel_size is not None and not 0 < self.pixel_size < math.inf:
            raise ConfigError(f"expected a pixel size above 0 micrometres, but got {self.pixel_size:g}")
