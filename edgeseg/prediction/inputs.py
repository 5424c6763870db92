"""Which images to predict: files and folders on the command line, to one list without clashes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from edgeseg.data.images import list_images
from edgeseg.errors import DatasetError


def collect_images(paths: Iterable[Path]) -> tuple[Path, ...]:
    """List the images of files and folders, in the order given, folders sorted by name.

    Args:
        paths: image files, and folders of which the images directly inside are taken.

    Raises:
        DatasetError: a path does not exist, a folder holds no image, or two images would get results
            of the same name.
    """
    images = tuple(image for path in paths for image in _images_at(path))
    seen: dict[str, Path] = {}
    for image in images:
        other = seen.setdefault(image.stem, image)
        if other is not image:
            raise _clash(other, image)
    return images


def _images_at(path: Path) -> list[Path]:
    if not path.exists():
        raise DatasetError(f"expected an image or a folder of images at {path}, but there is none")
    if not path.is_dir():
        return [path]
    images = list_images(path)
    if images:
        return images
    if list((path / "images").glob("*")):
        raise DatasetError(f"there is no image in {path} itself; did you mean {path / 'images'}?")
    raise DatasetError(f"expected images (PNG, TIFF, JPEG, BMP) in {path}, but there are none")


def _clash(one: Path, other: Path) -> DatasetError:
    if one.resolve() == other.resolve():
        return DatasetError(f"{other} is named twice; name it once")
    return DatasetError(
        f"{one} and {other} share a name, so the results of one would replace the other's; "
        "rename one, or predict them into different folders"
    )
