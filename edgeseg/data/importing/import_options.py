"""What `edgeseg data import` can be told."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from edgeseg.data.importing.formats import FORMATS
from edgeseg.errors import ConfigError
from edgeseg.settings import check_choice, check_range


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """What to read, and how to cut and divide it.

    Attributes:
        format: a key of `FORMATS`.
        tile: height and width of a tile in pixels; 0 keeps images whole.
        seed: another seed, another division into train, val and test.
        group: regular expression; what it finds in an image's stem (its first group, if it has one)
            names the source image, so that all images of one field or well stay in one split.
            Empty: tiles that are named `STEM_rRcC` belong to `STEM`.
        images: folder of the images; else `images` in the source folder (COCO: or the folder itself).
        masks: folder of the masks or label images; else `masks` (`labels`: also `labels`).
        annotations: the COCO file; else the only .json in the source folder.
    """

    format: str
    tile: int = 256
    seed: int = 0
    group: str = ""
    images: Path | None = None
    masks: Path | None = None
    annotations: Path | None = None

    def __post_init__(self) -> None:
        check_choice("format", self.format, FORMATS)
        for name in ("images", "masks", "annotations"):
            if getattr(self, name) is not None and name not in FORMATS[self.format].takes:
                raise ConfigError(f"the format {self.format} takes no --{name}; leave it out")
        if self.tile != 0 and not 16 <= self.tile <= 8192:
            raise ConfigError(
                f"expected tiles of 16 to 8192 pixels, or 0 for whole images, but got {self.tile}"
            )
        check_range("a seed", self.seed, 0, 2**31 - 1)
        try:
            re.compile(self.group)
        except re.error as error:
            raise ConfigError(
                f"expected a regular expression as group, but got '{self.group}': {error}"
            ) from None
