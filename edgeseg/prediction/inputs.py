"""Which files to predict: files, folders and patterns on the command line, to one list without clashes."""

from __future__ import annotations

import glob
from collections.abc import Iterable
from pathlib import Path

from edgeseg.data.image_formats import SUFFIXES, listed
from edgeseg.data.images import list_images
from edgeseg.errors import DatasetError
from edgeseg.prediction.sources import VIDEO_SUFFIXES


def collect_inputs(paths: Iterable[Path]) -> tuple[Path, ...]:
    """List the images and videos that are named, in the order given, folders and patterns sorted by name.

    Args:
        paths: image and video files; folders, of which the images directly inside are taken; and patterns
            with `*`, `?`, `[...]`, and `**` for folders at any depth, of which images and videos are taken.

    Raises:
        DatasetError: a path does not exist, a folder or pattern gives no image, or two files would get
            results of the same name.
    """
    found = tuple(each for path in paths for each in _at(path))
    seen: dict[str, Path] = {}
    for path in found:
        other = seen.setdefault(path.stem, path)
        if other is not path:
            raise _clash(other, path)
    return found


def _at(path: Path) -> list[Path]:
    if not path.exists():
        if glob.has_magic(str(path)):
            return _matching(str(path))
        raise DatasetError(f"expected an image or a folder of images at {path}, but there is none")
    if not path.is_dir():
        return [path]
    images = list_images(path)
    if images:
        return images
    if list((path / "images").glob("*")):
        raise DatasetError(f"there is no image in {path} itself; did you mean {path / 'images'}?")
    raise DatasetError(f"expected images ({listed()}) in {path}, but there are none")


def _matching(pattern: str) -> list[Path]:
    """A pattern that the shell did not expand: it was quoted, or the shell does not do so."""
    paths = sorted(Path(each) for each in glob.glob(pattern, recursive=True))  # noqa: PTH207  ** and absolute
    found = [
        each for each in paths if each.suffix.lower() in (*SUFFIXES, *VIDEO_SUFFIXES) and each.is_file()
    ]  # fmt: skip
    if not found:
        raise DatasetError(f"expected images or videos that match {pattern}, but there are none")
    return found


def _clash(one: Path, other: Path) -> DatasetError:
    if one.resolve() == other.resolve():
        return DatasetError(f"{other} is named twice; name it once")
    return DatasetError(
        f"{one} and {other} share a name, so the results of one would replace the other's; "
        "rename one, or predict them into different folders"
    )
