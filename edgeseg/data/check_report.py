"""What `check_dataset` finds: what a data set holds, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from edgeseg.data.label_facts import LabelFacts
from edgeseg.data.problems import Problem
from edgeseg.data.truth import TruthKind

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitSummary:
    """What one split holds.

    Attributes:
        name: `train`, `val` or `test`.
        images: how many.
        source_images: from how many photographs.
        foreground: share of the pixels of all its masks, 0 to 1; None without a readable mask.
        empty_masks: images without a cell.
        cells: of its label images; None where the truth is in masks, which tell no cells.
    """

    name: str
    images: int
    source_images: int
    foreground: float | None
    empty_masks: int
    cells: LabelFacts | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data."""
        value = asdict(self)
        if self.cells:
            value["cells"]["by_masks"]["f1"] = self.cells.by_masks.f1
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetReport:
    """What a data set holds, and what is wrong with it.

    Attributes:
        root: its folder.
        images: image files, used or not.
        truth: where the truth is, `labels` or `masks`.
        divided_by_file: the splits are those of `splits.csv`; else edgeseg made them.
        splits: `train`, `val`, `test`.
        sizes: `WIDTHxHEIGHT` -> number of readable images.
        depths: bits per channel -> number of readable images.
        colour: images with more than one channel.
        problems: errors first.
    """

    root: str
    images: int
    truth: TruthKind
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
        cells = sum((split.cells for split in self.splits if split.cells), start=LabelFacts())
        if cells.touching:
            notes.append(
                f"{cells.touching} of {cells.cells} cells touch another: split into connected pieces, even "
                f"perfect masks would find cells with an F1 of {cells.by_masks.f1:.2f}"
            )
        return tuple(notes)

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data."""
        return {
            "schema_version": SCHEMA_VERSION,
            "root": self.root,
            "images": self.images,
            "truth": self.truth,
            "divided_by_file": self.divided_by_file,
            "splits": [each.to_dict() for each in self.splits],
            "sizes": dict(self.sizes),
            "depths": {str(bits): count for bits, count in self.depths.items()},
            "colour": self.colour,
            "notes": list(self.notes),
            "errors": len(self.errors),
            "warnings": len(self.warnings),
            "problems": [asdict(each) for each in self.problems],
        }
