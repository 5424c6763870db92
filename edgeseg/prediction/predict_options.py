"""What a user can ask of a prediction; light, so that the command line reads its defaults here."""

from __future__ import annotations

import math
from dataclasses import dataclass

from edgeseg.errors import ConfigError
from edgeseg.machine.kernel_files import usable_cpus
from edgeseg.metrics.cells import MIN_AREA

#: More threads than this are not taken unless the user asks for them.
_MOST_THREADS = 4


def default_threads() -> int:
    """As many threads as this process may use cores, and at most 4: a Raspberry Pi has so many.

    With one for each core, tiles of 64 pixels took 0.9 ms in place of 1.5 on two cores, and tiles of 256 in
    a larger network as long as with one, since the two shared their arithmetic; with more threads than
    cores, both took longer.
    """
    return min(len(usable_cpus()), _MOST_THREADS)


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictOptions:
    """What to make of each image.

    Attributes:
        overlap: pixels that neighbouring tiles share at least; None: `tiling.default_overlap`.
        min_area: cells of fewer pixels are none, in labels, mask and tables; 0 keeps the network's answer.
            On phase-contrast test images (cells of 500 pixels and more) a U-Net's answer had 684
            components against 434 in the truth, and 398 without those under 16 pixels, which were
            0.08 % of the foreground.
        pixel_size: micrometres a pixel, for tables in micrometres; None: tables in pixels.
        overlays: draw a picture of each image with its cells outlined.
        numbers: write the number of each cell into that picture.
        rois: write the outlines of cells for ImageJ.
        geojson: write the outlines and measures of cells for QuPath.
        threads: of the network; they change no mask.
    """

    overlap: int | None = None
    min_area: int = MIN_AREA
    pixel_size: float | None = None
    overlays: bool = True
    numbers: bool = False
    rois: bool = False
    geojson: bool = False
    threads: int = 1

    def __post_init__(self) -> None:
        if self.numbers and not self.overlays:
            raise ConfigError(
                "numbers are written into overlays, but none are drawn; ask for both or neither"
            )
        if self.min_area < 0:
            raise ConfigError(f"expected a least area of 0 pixels or more, but got {self.min_area}")
        if self.pixel_size is not None and not 0 < self.pixel_size < math.inf:
            raise ConfigError(f"expected a pixel size above 0 micrometres, but got {self.pixel_size:g}")
