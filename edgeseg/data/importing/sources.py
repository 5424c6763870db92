"""The layouts that `edgeseg data import` reads: each becomes a list of images with a way to get the mask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgeseg.data.dataset import size_text
from edgeseg.data.images import list_images, read_image, read_labels
from edgeseg.data.layout import files_by_stem, refuse
from edgeseg.errors import DatasetError

#: What annotation tools append to the stem of an image to name its labels (Cellpose: `_cp_masks`).
LABEL_ENDINGS = ("", "_label", "_labels", "_mask", "_masks", "_cp_masks", "_instances")


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """The ground truth of one image.

    Attributes:
        mask: `(H, W)` bool, true where a cell is.
        objects: how many cells were marked, 0 in an empty field; None where the mask does not tell.
    """

    mask: npt.NDArray[np.bool_]
    objects: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One image to import.

    Attributes:
        stem: its name in the data set.
        image: the image file.
        annotation_files: the files that the mask comes from, where it has files of its own.
        read_annotation: reads the mask; `DatasetError` if it cannot.
    """

    stem: str
    image: Path
    annotation_files: tuple[Path, ...]
    read_annotation: Callable[[], Annotation]


def label_sources(images: Path, labels: Path) -> list[Source]:
    """Images, and label images of the same stem or with one of `LABEL_ENDINGS` behind it.

    Args:
        images: folder of images.
        labels: folder of label images: 0 is background, every other value one cell; any depth.

    Raises:
        DatasetError: a folder is missing or empty, or an image has no label image, or two.
    """
    return _partners(images, labels, LABEL_ENDINGS, _read_label_image)


def paired_sources(images: Path, masks: Path) -> list[Source]:
    """Images, and masks of the same stem.

    Args:
        images: folder of images.
        masks: folder of masks of two values, 0 and one other; colour is taken if it has only two.

    Raises:
        DatasetError: a folder is missing or empty, or an image has no mask.
    """
    return _partners(images, masks, ("",), _read_binary_mask)


def _partners(
    images: Path, masks: Path, endings: tuple[str, ...], read: Callable[[Path], Annotation]
) -> list[Source]:
    image_paths, mask_paths = _by_stem(images), _by_stem(masks)
    if images.samefile(masks):
        raise DatasetError(f"expected images and masks in two folders, but both are {images}")
    sources = []
    for stem, image in image_paths.items():
        found = [mask_paths[stem + ending] for ending in endings if stem + ending in mask_paths]
        if not found:
            raise DatasetError(f"expected a mask for {image} in {masks}, named {stem}, but there is none")
        if len(found) > 1:
            raise DatasetError(f"expected one mask for {image}, but {found[0]} and {found[1].name} both fit")
        source = Source(
            stem=stem, image=image, annotation_files=(found[0],), read_annotation=partial(read, found[0])
        )
        sources.append(source)
    return sources


def _by_stem(folder: Path) -> dict[str, Path]:
    found, problems = files_by_stem(folder)
    refuse(problems, folder.parent)
    return found


def _read_label_image(path: Path) -> Annotation:
    labels = read_labels(path)
    return Annotation(mask=labels != 0, objects=int(np.count_nonzero(np.unique(labels))))


def _read_binary_mask(path: Path) -> Annotation:
    labels = read_labels(path)
    values = np.unique(labels)
    if values.size > 2 or (values.size == 2 and values[0] != 0):
        raise DatasetError(
            f"expected a mask of two values, 0 and one other, in {path}, but it has {values.size} "
            f"from {values[0]} to {values[-1]}; for label images pass --format labels"
        )
    return Annotation(mask=labels != 0, objects=None if values[-1] else 0)


def dsb2018_sources(root: Path) -> list[Source]:
    """The layout of the 2018 Data Science Bowl: `ID/images/ID.png` and one mask a nucleus in `ID/masks/`.

    Masks are united. An empty `masks/` folder is an empty field.

    Raises:
        DatasetError: no such folders, or one lacks its image or its masks.
    """
    if not root.is_dir():
        raise DatasetError(f"expected a folder at {root}, but there is none")
    folders = sorted(path for path in root.iterdir() if (path / "images").is_dir())
    if not folders:
        raise DatasetError(f"expected folders ID/images and ID/masks in {root}, but there are none")
    return [_dsb2018_source(folder) for folder in folders]


def _dsb2018_source(folder: Path) -> Source:
    images = list_images(folder / "images")
    if len(images) != 1:
        raise DatasetError(f"expected one image in {folder / 'images'}, but there are {len(images)}")
    masks = tuple(list_images(folder / "masks"))
    return Source(
        stem=folder.name, image=images[0], annotation_files=masks,
        read_annotation=partial(_unite, images[0], masks),
    )  # fmt: skip


def _unite(image: Path, paths: tuple[Path, ...]) -> Annotation:
    if not paths:
        height, width = read_image(image).shape[:2]
        return Annotation(mask=np.zeros((height, width), np.bool_), objects=0)
    whole = read_labels(paths[0]) != 0
    for path in paths[1:]:
        part = read_labels(path) != 0
        if part.shape != whole.shape:
            raise DatasetError(
                f"expected masks of one size, {size_text(whole)}, but {path} is {size_text(part)}"
            )
        whole |= part
    return Annotation(mask=whole, objects=len(paths))
