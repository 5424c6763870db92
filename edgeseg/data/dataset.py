"""A segmentation data set on disk: `images/`, `masks/` with the same stems, and `splits.csv`."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from edgeseg import files
from edgeseg.data.splits import SPLITS, assign_splits, source_of
from edgeseg.errors import DatasetError

if TYPE_CHECKING:
    from edgeseg.data.images import Grey8  # OpenCV is loaded with the first image, not by naming a data set

_COLUMNS = ("stem", "split", "source_image")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One image with its mask, where they lie, and the split that they belong to."""

    stem: str
    image_path: Path
    mask_path: Path
    split: str
    source_image: str

    def read(self) -> tuple[Grey8, npt.NDArray[np.bool_]]:
        """Read image `(H, W)` uint8 and mask `(H, W)` bool.

        Raises:
            DatasetError: a file cannot be decoded, or the two differ in size.
        """
        from edgeseg.data.images import read_grey8, read_mask

        image, mask = read_grey8(self.image_path), read_mask(self.mask_path)
        if image.shape != mask.shape:
            raise DatasetError(
                f"expected a mask of the size of its image, {size_text(image)}, in {self.mask_path}, "
                f"but it is {size_text(mask)}"
            )
        return image, mask


def size_text(image: npt.NDArray[np.generic]) -> str:
    """`WIDTHxHEIGHT` of an image, as people write it."""
    return f"{image.shape[1]}x{image.shape[0]}"


@dataclass(frozen=True, kw_only=True)
class SegmentationDataset:
    """Images with masks, in the order of their stems.

    Attributes:
        name: the folder's name.
        root: the folder.
        samples: all samples, sorted by stem.
    """

    name: str
    root: Path
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
        """SHA-256 over stems, splits, sources and the bytes of every file: changes with any of them."""
        whole = hashlib.sha256()
        for sample in self.samples:
            parts = (
                sample.stem, sample.split, sample.source_image,
                files.sha256(sample.image_path), files.sha256(sample.mask_path),
            )  # fmt: skip
            whole.update("\0".join(parts).encode() + b"\n")
        return whole.hexdigest()


def open_dataset(root: Path) -> SegmentationDataset:
    """Open the data set in a folder; files are not decoded yet.

    Without `splits.csv` the division is made by `splits.assign_splits`, by source image where the
    names tell it (`STEM_rRcC`).

    Raises:
        DatasetError: no images, an image without a mask or the reverse, or a `splits.csv` that does
            not fit. The first problem is named; `edgeseg data check` lists all.
    """
    images = by_stem(root / "images", error=root)
    masks = by_stem(root / "masks", error=root)
    lonely = sorted(images.keys() ^ masks.keys())
    if lonely:
        missing = "mask" if lonely[0] in images else "image"
        raise DatasetError(
            f"{lonely[0]} in {root} has no {missing} ({len(lonely)} such); "
            f"`edgeseg data check {root}` lists every problem"
        )
    rows = read_splits(root, list(images))
    samples = tuple(
        Sample(
            stem=stem, image_path=images[stem], mask_path=masks[stem], split=rows[stem][0],
            source_image=rows[stem][1],
        )
        for stem in sorted(images)
        if stem in rows
    )  # fmt: skip
    return SegmentationDataset(name=root.resolve().name, root=root, samples=samples)


def by_stem(folder: Path, *, error: Path) -> dict[str, Path]:
    """The image files of a folder by stem.

    Raises:
        DatasetError: no such folder, no image in it, or one stem twice; the sentence names `error`,
            the data set.
    """
    from edgeseg.data.images import list_images

    if not folder.is_dir():
        raise DatasetError(f"expected folders images/ and masks/ in {error}, but {folder.name}/ is missing")
    found: dict[str, Path] = {}
    for path in list_images(folder):
        if path.stem in found:
            raise DatasetError(
                f"{path.name} and {found[path.stem].name} in {folder} share a stem; rename or remove one"
            )
        found[path.stem] = path
    if not found:
        raise DatasetError(f"expected images (PNG, TIFF, JPEG, BMP) in {folder}, but there are none")
    return found


def read_splits(root: Path, stems: list[str]) -> dict[str, tuple[str, str]]:
    """Read `splits.csv`, or divide where there is none.

    Args:
        root: the data set's folder.
        stems: the stems that have an image.

    Returns:
        stem -> (split, source image). Stems that `splits.csv` leaves out are not used.

    Raises:
        DatasetError: a column is missing, a split is unknown, a stem is listed twice or has no image.
    """
    path = root / "splits.csv"
    if not path.exists():
        sources = {stem: source_of(stem) for stem in stems}
        return {stem: (split, sources[stem]) for stem, split in assign_splits(sources).items()}
    known = set(stems)
    result: dict[str, tuple[str, str]] = {}
    for line, row in split_rows(path):
        stem, split = row["stem"], row["split"]
        if split not in SPLITS:
            raise DatasetError(
                f"expected train, val or test as split in {path} line {line}, but got '{split}'"
            )
        if stem not in known:
            raise DatasetError(f"{path} line {line} names '{stem}', but there is no such image")
        if stem in result:
            raise DatasetError(f"{path} line {line} names '{stem}' a second time; remove one of the lines")
        result[stem] = (split, row["source_image"] or source_of(stem))
    return result


def split_rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a `splits.csv` as they are, not judged.

    Yields:
        The line number and the columns `stem`, `split`, `source_image`, empty where a cell is missing.

    Raises:
        DatasetError: the file cannot be read as CSV, or lacks the column `stem` or `split`.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"cannot read {path} as UTF-8 text: {error}") from error
    reader = csv.DictReader(text.splitlines())
    try:
        if not {"stem", "split"} <= set(reader.fieldnames or ()):
            raise DatasetError(
                f"expected the columns stem,split[,source_image] in {path}, "
                f"but got {','.join(reader.fieldnames or ()) or 'nothing'}"
            )
        for row in reader:
            yield reader.line_num, {name: row.get(name) or "" for name in _COLUMNS}
    except csv.Error as error:
        raise DatasetError(f"cannot read {path} as CSV after line {reader.line_num}: {error}") from error
