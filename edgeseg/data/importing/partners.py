"""Layouts of two folders: images, and for each an annotation image whose name tells whose it is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from edgeseg.data.importing.annotation import Annotation, Source
from edgeseg.data.layout import files_by_stem, refuse
from edgeseg.errors import DatasetError


def partners(
    images: Path, annotations: Path, endings: tuple[str, ...], read: Callable[[Path], Annotation]
) -> list[Source]:
    """Images, each with the annotation image of the same stem or with one of `endings` behind it.

    Args:
        images: folder of images.
        annotations: folder of masks or label images.
        endings: what may follow the stem.
        read: reads an annotation image.

    Raises:
        DatasetError: a folder is missing or empty, both are one, or an image has no annotation, or two.
    """
    image_paths, annotation_paths = _by_stem(images), _by_stem(annotations)
    if images.samefile(annotations):
        raise DatasetError(f"expected images and masks in two folders, but both are {images}")
    sources = []
    for stem, image in image_paths.items():
        found = [annotation_paths[stem + each] for each in endings if stem + each in annotation_paths]
        if not found:
            raise DatasetError(
                f"expected a mask for {image} in {annotations}, named {stem}, but there is none"
            )
        if len(found) > 1:
            raise DatasetError(f"expected one mask for {image}, but {found[0]} and {found[1].name} both fit")
        sources.append(
            Source(
                stem=stem, image=image, annotation_files=(found[0],), read_annotation=partial(read, found[0])
            )
        )
    return sources


def _by_stem(folder: Path) -> dict[str, Path]:
    found, problems = files_by_stem(folder)
    refuse(problems, folder.parent)
    return found
