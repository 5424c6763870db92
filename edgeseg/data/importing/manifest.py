"""The record of an import: where every tile comes from, and what was done to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from edgeseg._version import __version__
from edgeseg.data.splits import SPLITS
from edgeseg.data.truth import TruthKind

SCHEMA_VERSION = 1

_NUMBERING = "cells numbered 1, 2, 3, ... anew in each tile, in the order of their numbers in the whole image"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedImage:
    """One image that was read.

    Attributes:
        file: the image file, relative to the source folder where it lies below it.
        sha256: of that file.
        width: in pixels.
        height: in pixels.
        depth: bits per channel.
        colour: it was converted to grey.
        pages: of the file; the first was read.
        grey_range: the values of a 16-bit image that became 0 and 255; None for 8 bits.
        annotation: the file or folder that the mask comes from; None where one file serves all images.
        annotation_files: how many files that were.
        annotation_sha256: of the file, or of the lines `NAME SHA256` of several.
        objects: cells that were marked; None where the mask does not tell.
        shared: pixels that several cells claimed; each went to the smallest of them.
        content_sha256: of size and 8-bit grey values: the same for the same picture in another file; None
            for a blank picture, of a single grey value.
        tiles: stems in the data set, row by row.
        skipped: why nothing was taken from it; empty if something was.
        source_image: images of one source are in one split.
        same_picture_as: an earlier image with the same content, whose source image it shares.
        split: `train`, `val` or `test`; empty if skipped.
    """

    file: str
    sha256: str
    width: int
    height: int
    depth: int
    colour: bool
    pages: int
    grey_range: tuple[float, float] | None
    annotation: str | None
    annotation_files: int
    annotation_sha256: str | None
    objects: int | None
    shared: int
    content_sha256: str | None
    tiles: tuple[str, ...]
    skipped: str
    source_image: str
    same_picture_as: str | None = None
    split: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportManifest:
    """A whole import.

    Attributes:
        format: as in `importing.FORMATS`.
        source: name of the folder that was read.
        tile: height and width of the tiles in pixels; 0: images whole.
        seed: of the division.
        group: the regular expression that told source images, if any.
        splits_kept: the division is that of the source folder's `splits.csv`.
        truth: `labels` if label images were written beside the masks, else `masks`.
        details: of the format: the COCO file with its hash, its categories and crowds.
        about: what a user should know of the source, one sentence each.
        images: every image, in the order of the stems.
    """

    format: str
    source: str
    tile: int
    seed: int
    group: str
    splits_kept: bool
    truth: TruthKind
    details: Mapping[str, Any]
    about: tuple[str, ...]
    images: tuple[ImportedImage, ...]

    @property
    def tiles(self) -> int:
        """Tiles that were written."""
        return sum(len(each.tiles) for each in self.images)

    @property
    def skipped(self) -> tuple[ImportedImage, ...]:
        """Images of which nothing was taken."""
        return tuple(each for each in self.images if each.skipped)

    def counts(self) -> dict[str, dict[str, int]]:
        """Split -> number of `tiles` and `source_images`."""
        result = {}
        for split in SPLITS:
            chosen = [each for each in self.images if each.split == split]
            result[split] = {
                "tiles": sum(len(each.tiles) for each in chosen),
                "source_images": len({each.source_image for each in chosen}),
            }
        return result

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know about what was done, one sentence each."""
        total = len(self.images)
        taken = [each for each in self.images if not each.skipped]
        counted = (
            (sum(each.colour for each in taken), "in colour: converted to grey"),
            (sum(each.depth == 16 for each in taken), "of 16 bits: mapped to 8 by their own percentiles"),
            (sum(each.pages > 1 for each in taken), "with several pages: the first was read"),
            (
                sum(each.same_picture_as is not None for each in taken),
                "copies of others: kept in their split",
            ),
            (
                sum(each.shared > 0 for each in taken),
                "with cells that overlap: a pixel of several went to the smallest of them",
            ),
        )
        notes = [f"{count} of {total} images {what}" for count, what in counted if count]
        notes += self.about
        if self.truth == "masks" and any(each.objects for each in taken):
            notes.append("no image has more than one cell: written as masks, without labels")
        if self.splits_kept:
            notes.append("the division of the source's splits.csv was kept")
        for reason in sorted({each.skipped for each in self.skipped}):
            files = [each.file for each in self.skipped if each.skipped == reason]
            more = f" and {len(files) - 3} more" if len(files) > 3 else ""
            notes.append(f"{len(files)} of {total} images skipped, {reason}: {', '.join(files[:3])}{more}")
        return tuple(notes)

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data."""
        return {
            "schema_version": SCHEMA_VERSION,
            "edgeseg": __version__,
            "format": self.format,
            "source": self.source,
            "tile": self.tile,
            "seed": self.seed,
            "group": self.group,
            "splits_kept": self.splits_kept,
            "truth": self.truth,
            "labels": _NUMBERING if self.truth == "labels" else None,
            **self.details,
            "tiles": self.tiles,
            "skipped": len(self.skipped),
            "splits": self.counts(),
            "images": [asdict(each) for each in self.images],
        }
