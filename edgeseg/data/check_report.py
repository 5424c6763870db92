"""What `check_dataset` finds: problems with stable codes, and what the data set holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

SCHEMA_VERSION = 1

#: Each code, whether it keeps the data set from being used (`error`) or deserves a look (`warning`).
SEVERITIES: Mapping[str, str] = MappingProxyType(
    {
        "missing-folder": "error",
        "no-images": "error",
        "stem-twice": "error",
        "missing-mask": "error",
        "missing-image": "error",
        "unreadable-image": "error",
        "unreadable-mask": "error",
        "size-mismatch": "error",
        "colour-mask": "error",
        "mask-values": "error",
        "unreadable-splits": "error",
        "unknown-stem": "error",
        "unknown-split": "error",
        "listed-twice": "error",
        "source-across-splits": "error",
        "duplicate-across-splits": "error",
        "duplicate-in-split": "warning",
        "not-listed": "warning",
        "empty-split": "warning",
        "empty-mask": "warning",
        "full-mask": "warning",
        "blank-image": "warning",
        "several-pages": "warning",
        "not-an-image": "warning",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        severity: `error` or `warning`.
        code: a key of `SEVERITIES`; stays the same from version to version.
        files: the files concerned, relative to the data set's folder.
        message: one sentence.
    """

    severity: str
    code: str
    files: tuple[str, ...]
    message: str

    @classmethod
    def of(cls, code: str, message: str, files: Iterable[str]) -> Problem:
        """A problem with the severity of its code."""
        return cls(severity=SEVERITIES[code], code=code, files=tuple(files), message=message)

    def order(self) -> tuple[str, int, tuple[str, ...]]:
        """Sorting key: errors first, then in the order of `SEVERITIES`, then by file."""
        return self.severity, list(SEVERITIES).index(self.code), self.files


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitSummary:
    """What one split holds.

    Attributes:
        name: `train`, `val` or `test`.
        images: how many.
        source_images: from how many photographs.
        foreground: share of the pixels of all its masks, 0 to 1; None without a readable mask.
        empty_masks: masks without foreground.
    """

    name: str
    images: int
    source_images: int
    foreground: float | None
    empty_masks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetReport:
    """What a data set holds, and what is wrong with it.

    Attributes:
        root: its folder.
        images: image files, used or not.
        divided_by_file: the splits are those of `splits.csv`; else edgeseg made them.
        splits: `train`, `val`, `test`.
        sizes: `WIDTHxHEIGHT` -> number of readable images.
        depths: bits per channel -> number of readable images.
        colour: images with more than one channel.
        problems: errors first.
    """

    root: str
    images: int
    divided_by_file: bool
    splits: tuple[SplitSummary, ...]
    sizes: Mapping[str, int]
    depths: Mapping[int, int]
    colour: int
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that keep the data set from being used."""
        return tuple(each for each in self.problems if each.severity == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """The problems that deserve a look."""
        return tuple(each for each in self.problems if each.severity == "warning")

    @property
    def notes(self) -> tuple[str, ...]:
        """What is done to the images on reading, and how they are divided: no problems."""
        notes = []
        if self.colour:
            notes.append(f"{self.colour} of {self.images} images in colour: converted to grey")
        if self.depths.get(16):
            notes.append(
                f"{self.depths[16]} of {self.images} images of 16 bits: mapped to 8 by their own percentiles"
            )
        if not self.divided_by_file:
            notes.append("no splits.csv: divided 60.1 / 19.95 / 19.95 % by source image")
        return tuple(notes)

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data."""
        return {
            "schema_version": SCHEMA_VERSION,
            "root": self.root,
            "images": self.images,
            "divided_by_file": self.divided_by_file,
            "splits": [asdict(each) for each in self.splits],
            "sizes": dict(self.sizes),
            "depths": {str(bits): count for bits, count in self.depths.items()},
            "colour": self.colour,
            "notes": list(self.notes),
            "errors": len(self.errors),
            "warnings": len(self.warnings),
            "problems": [asdict(each) for each in self.problems],
        }
