"""A segmentation data set: images, what is true of each, and the split that each belongs to."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from edgeseg import files
from edgeseg.data.layout import read_layout, refuse
from edgeseg.data.splits import SPLITS
from edgeseg.errors import DatasetError

if TYPE_CHECKING:
    # OpenCV is loaded with the first image, not by naming a data set.
    from edgeseg.data.images import Grey8
    from edgeseg.data.truth import Truth, TruthKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One image with its truth, where they lie, and the split that they belong to.

    Attributes:
        stem: the name of its files.
        image_path: of the image.
        mask_path: of the mask; None where there is none beside the labels.
        labels_path: of the label image, which is the truth; None where the mask is.
        split: `train`, `val` or `test`.
        source_image: images of one source are in one split.
    """

    stem: str
    image_path: Path
    mask_path: Path | None
    labels_path: Path | None
    split: str
    source_image: str

    @property
    def truth_path(self) -> Path:
        """The file that the truth is read from: the label image, else the mask."""
        path = self.labels_path or self.mask_path
        if path is None:
            raise ValueError(f"expected a label image or a mask of {self.stem}")
        return path

    def read_image(self) -> Grey8:
        """Read the image alone, `(H, W)` uint8; `DatasetError` where its file cannot be decoded."""
        from edgeseg.data.images import read_grey8

        return read_grey8(self.image_path)

    def read(self) -> tuple[Grey8, Truth]:
        """Read the image, `(H, W)` uint8, and its truth.

        Raises:
            DatasetError: a file cannot be decoded, or the two differ in size.
        """
        from edgeseg.data.images import read_cell_labels, read_mask
        from edgeseg.data.truth import Truth

        image, path = self.read_image(), self.truth_path
        if self.labels_path:
            what, truth = "label image", Truth(read_cell_labels(path), "labels")
        else:
            what, truth = "mask", Truth.of_mask(read_mask(path))
        if image.shape[:2] != truth.shape:
            raise DatasetError(
                f"expected a {what} of the size of its image, {size_text(image)}, in {path}, "
                f"but it is {size_text(truth.labels)}"
            )
        return image, truth


def size_text(image: npt.NDArray[np.generic]) -> str:
    """`WIDTHxHEIGHT` of an image, as people write it."""
    return f"{image.shape[1]}x{image.shape[0]}"


@dataclass(frozen=True, kw_only=True)
class SegmentationDataset:
    """Images with their truth, in the order of their stems.

    Attributes:
        name: the folder's name.
        root: the folder.
        kind: what the truth is read from, `labels` or `masks`.
        samples: all samples, sorted by stem.
    """

    name: str
    root: Path
    kind: TruthKind
    samples: tuple[Sample, ...]

    def split(self, name: str) -> tuple[Sample, ...]:
        """The samples of one split.

        Raises:
            DatasetError: no such split, or nothing in it.
        """
        if name not in SPLITS:
            raise DatasetError(f"expected a split named {', '.join(SPLITS)}, but got '{name}'")
        chosen = tuple(sample for sample in self.samples if sample.split == name)
        if not chosen:
            raise DatasetError(f"the split '{name}' of {self.root} is empty; see its splits.csv")
        return chosen

    @cached_property
    def digest(self) -> str:
        """SHA-256 over stems, splits, sources and the bytes of all that is read: changes with any of them."""
        return self._digest([sample.truth_path for sample in self.samples])

    @cached_property
    def masks_digest(self) -> str | None:
        """What version 0.1, which read no labels, called the digest; None where an image has no mask."""
        masks = [sample.mask_path for sample in self.samples if sample.mask_path]
        return self._digest(masks) if len(masks) == len(self.samples) else None

    def _digest(self, truths: list[Path]) -> str:
        whole = hashlib.sha256()
        for sample, truth in zip(self.samples, truths, strict=True):
            parts = [
                sample.stem, sample.split, sample.source_image, files.sha256(sample.image_path),
                files.sha256(truth),
            ]  # fmt: skip
            if truth == sample.labels_path:
                parts.append("labels")  # the same file as a mask means something else
            whole.update("\0".join(parts).encode() + b"\n")
        return whole.hexdigest()


def open_dataset(root: Path) -> SegmentationDataset:
    """Open the data set in a folder; files are not decoded yet.

    Without `splits.csv` the division is made by `splits.assign_splits`, by source image where the
    names tell it (`STEM_rRcC`).

    Raises:
        DatasetError: no images, an image without truth or the reverse, or a `splits.csv` that does
            not fit. The first problem is named; `edgeseg data check` lists all.
    """
    layout = read_layout(root)
    refuse(layout.problems, root, f"; `edgeseg data check {root}` lists every problem")
    samples = tuple(
        Sample(
            stem=stem, image_path=layout.images[stem], mask_path=layout.masks.get(stem),
            labels_path=layout.labels.get(stem), split=layout.rows[stem][0],
            source_image=layout.rows[stem][1],
        )
        for stem in sorted(layout.rows)
    )  # fmt: skip
    return SegmentationDataset(name=root.resolve().name, root=root, kind=layout.kind, samples=samples)
