"""The layout of the 2018 Data Science Bowl as a source for `edgeseg data import`: one mask a nucleus."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from edgeseg.data.dataset import size_text
from edgeseg.data.images import list_images, read_image, read_labels
from edgeseg.data.importing.annotation import Annotation, Found, Source, paint
from edgeseg.data.importing.places import Places
from edgeseg.errors import DatasetError


def find(root: Path, _places: Places) -> Found:
    """`ROOT/ID/images/ID.png` and one mask a nucleus in `ROOT/ID/masks/`; an empty folder is an empty field.

    Raises:
        DatasetError: no such folders, or one lacks its image or its masks.
    """
    folders = sorted(path for path in root.iterdir() if (path / "images").is_dir())
    if not folders:
        raise DatasetError(f"expected folders ID/images and ID/masks in {root}, but there are none")
    return Found(sources=[_source(folder) for folder in folders])


def _source(folder: Path) -> Source:
    images = list_images(folder / "images")
    if len(images) != 1:
        raise DatasetError(f"expected one image in {folder / 'images'}, but there are {len(images)}")
    masks = tuple(list_images(folder / "masks"))
    return Source(
        stem=folder.name, image=images[0], annotation_files=masks,
        read_annotation=partial(_number, images[0], masks),
    )  # fmt: skip


def _number(image: Path, paths: tuple[Path, ...]) -> Annotation:
    height, width = read_image(paths[0] if paths else image).shape[:2]
    nuclei = []
    for path in paths:
        mask = read_labels(path) != 0
        if mask.shape != (height, width):
            raise DatasetError(
                f"expected masks of one size, {width}x{height}, but {path} is {size_text(mask)}"
            )
        nuclei.append(np.flatnonzero(mask))
    labels, shared = paint(nuclei, height * width)
    return Annotation(
        labels=labels.reshape(height, width), tells_cells=True, objects=len(paths), shared=shared
    )
