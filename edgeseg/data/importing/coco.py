"""COCO annotations (polygons and run-length masks; LIVECell) as sources for `edgeseg data import`.

pycocotools draws the polygons, after a check, for its C code trusts its input: a NaN or a huge
coordinate makes it take all memory. Run lengths are expanded here: where they do not fit the image,
pycocotools 2.0.11 reads and writes beyond its buffers.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgeseg import files
from edgeseg.data.importing.sources import Annotation, Source
from edgeseg.errors import DatasetError, MissingDependencyError


@dataclass(frozen=True, slots=True, kw_only=True)
class CocoFile:
    """A COCO file, judged.

    Attributes:
        sources: one for each image file.
        categories: name -> number of annotations; all of them become foreground.
        crowds: annotations that mark a region of many objects; they become foreground too.
    """

    sources: tuple[Source, ...]
    categories: Mapping[str, int]
    crowds: int


def read_coco(path: Path, images: Path) -> CocoFile:
    """Read a COCO file; the masks are drawn later, image by image.

    An image file that is listed several times (parts of LIVECell were annotated twice) gets the
    annotations of all its entries. One without annotations is an empty field.

    Args:
        path: the JSON file.
        images: the folder of the images, which may lie in folders below it.

    Raises:
        DatasetError: the file is no JSON, lacks a key, names an image that is not there, or an
            annotation names an image that is not listed.
        MissingDependencyError: pycocotools is not installed.
    """
    _pycocotools()
    content = files.read_json(path, kind="COCO annotations", error=DatasetError)
    entries = _records(path, content, "images", ("id", "file_name", "width", "height"))
    annotations = _records(path, content, "annotations", ("image_id", "segmentation"))
    grouped = _by_file(path, entries, annotations)
    located = _locate(path, images, sorted(grouped))
    stems = Counter(Path(name).stem for name in grouped)
    stem, times = stems.most_common(1)[0]
    if times > 1:
        raise DatasetError(f"{times} images in {path} share the stem {stem}; rename them")
    sizes = {entry["file_name"]: (entry["height"], entry["width"]) for entry in entries}
    sources = tuple(
        Source(
            stem=Path(name).stem, image=located[name], annotation_files=(),
            read_annotation=partial(_draw, path, sizes[name], grouped[name]),
        )
        for name in sorted(grouped)
    )  # fmt: skip
    crowds = sum(bool(annotation.get("iscrowd")) for annotation in annotations)
    return CocoFile(sources=sources, categories=_categories(content, annotations), crowds=crowds)


def _pycocotools() -> Any:
    try:
        from pycocotools import mask
    except ImportError:
        raise MissingDependencyError(
            "reading COCO annotations needs pycocotools; install it with `pip install edgeseg[coco]`"
        ) from None
    return mask


def _records(
    path: Path, content: Mapping[str, Any], name: str, keys: tuple[str, ...]
) -> list[Mapping[str, Any]]:
    """The list `name` of a COCO file, every entry with its keys; LIVECell has an object here and there."""
    listed = content.get(name)
    records = list(listed.values()) if isinstance(listed, dict) else listed
    if not isinstance(records, list) or (name == "images" and not records):
        raise DatasetError(f"expected a list '{name}' in the COCO file {path}, but there is none")
    for number, record in enumerate(records, start=1):
        missing = [key for key in keys if not isinstance(record, dict) or key not in record]
        if missing:
            raise DatasetError(
                f"expected '{missing[0]}' in every entry of '{name}' in {path}, but number {number} has none"
            )
    return records


def _by_file(
    path: Path, entries: Sequence[Mapping[str, Any]], annotations: Sequence[Mapping[str, Any]]
) -> dict[str, list[Mapping[str, Any]]]:
    file_of: dict[str, str] = {}
    sizes: dict[str, tuple[int, int]] = {}
    for entry in entries:
        name, size = entry["file_name"], (entry["width"], entry["height"])
        if not isinstance(name, str) or not all(isinstance(side, int) and side > 0 for side in size):
            raise DatasetError(f"expected a file name, width and height in pixels in {path}, but got {entry}")
        if sizes.setdefault(name, size) != size:
            raise DatasetError(f"{path} gives {name} two sizes, {sizes[name]} and {size}; remove one entry")
        if file_of.setdefault(str(entry["id"]), name) != name:
            raise DatasetError(f"two images in {path} have the id {entry['id']}; number them anew")
    grouped: dict[str, list[Mapping[str, Any]]] = {name: [] for name in sizes}
    for annotation in annotations:
        owner = file_of.get(str(annotation["image_id"]))
        if owner is None:
            raise DatasetError(f"{_told(annotation, path)} is of image {annotation['image_id']}, not listed")
        grouped[owner].append(annotation)
    return grouped


def _locate(path: Path, images: Path, names: Sequence[str]) -> dict[str, Path]:
    if not images.is_dir():
        raise DatasetError(f"expected the images of {path} in {images}, but there is no such folder")
    located = {name: images / name for name in names if (images / name).is_file()}
    if len(located) < len(names):
        below: dict[str, list[Path]] = defaultdict(list)
        for found in sorted(images.rglob("*")):
            below[found.name].append(found)
        for name in (name for name in names if name not in located):
            candidates = below[Path(name).name]
            if len(candidates) != 1:
                what = "no such file" if not candidates else f"{len(candidates)} of that name"
                raise DatasetError(f"expected the image {name} of {path} in {images}, but there is {what}")
            located[name] = candidates[0]
    return located


def _categories(content: Mapping[str, Any], annotations: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    listed = content.get("categories")
    names = {
        each.get("id"): str(each.get("name"))
        for each in (listed if isinstance(listed, list) else [])
        if isinstance(each, dict)
    }
    ids = (annotation.get("category_id") for annotation in annotations)
    return dict(Counter(names.get(each, f"category {each}") for each in ids))


def _draw(path: Path, size: tuple[int, int], annotations: Sequence[Mapping[str, Any]]) -> Annotation:
    coco = _pycocotools()
    mask = np.zeros(size, np.bool_)
    polygons: list[list[float]] = []
    for annotation in annotations:
        shape = annotation["segmentation"]
        if isinstance(shape, dict):
            mask |= _expand(_run_lengths(shape, size, annotation, path), size)
        else:
            polygons += _polygons(shape, size, annotation, path)
    if polygons:
        runs = coco.merge(coco.frPyObjects(polygons, *size))
        mask |= _expand(_decompress(runs["counts"].decode()), size)
    return Annotation(mask=mask, objects=len(annotations))


def _expand(lengths: Sequence[int], size: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """Runs of background and foreground in turn, column by column, as a mask of `size`."""
    foreground = np.arange(len(lengths)) % 2 == 1
    return np.repeat(foreground, lengths).reshape(size[::-1]).T


def _polygons(
    shape: Any, size: tuple[int, int], annotation: Mapping[str, Any], path: Path
) -> Iterator[list[float]]:
    height, width = size
    if not isinstance(shape, list) or not shape:
        raise DatasetError(
            f"expected polygons or run lengths in {_told(annotation, path)}, but got {shape!r}"
        )
    for polygon in shape:
        try:
            points = np.asarray(polygon, np.float64).reshape(-1, 2)
        except (TypeError, ValueError):
            points = np.empty((0, 2))
        if len(points) < 3:
            raise DatasetError(
                f"expected a polygon of at least 3 points, x and y in turn, in {_told(annotation, path)}"
            )
        # A margin of one image about the image: outlines may run over the border, but not to the moon.
        low, high = np.array([-width, -height]), np.array([2 * width, 2 * height])
        if not np.all((points >= low) & (points <= high)):
            raise DatasetError(
                f"expected a polygon inside its image of {width}x{height} pixels in "
                f"{_told(annotation, path)}, but it is not"
            )
        yield points.ravel().tolist()


def _run_lengths(
    shape: Mapping[str, Any], size: tuple[int, int], annotation: Mapping[str, Any], path: Path
) -> list[int]:
    counts = shape.get("counts")
    try:
        lengths = _decompress(counts) if isinstance(counts, str) else [int(each) for each in counts or ()]
    except (IndexError, TypeError, ValueError):
        raise DatasetError(f"the run lengths in {_told(annotation, path)} are broken") from None
    expected = size[0] * size[1]
    if shape.get("size") != list(size) or min(lengths, default=-1) < 0 or sum(lengths) != expected:
        raise DatasetError(
            f"expected run lengths that cover the image of {size[1]}x{size[0]} pixels in "
            f"{_told(annotation, path)}, but they do not"
        )
    return lengths


def _decompress(text: str) -> list[int]:
    """Run lengths from COCO's text form: 5 bits a character from '0', signed, differences from the third."""
    lengths: list[int] = []
    position = 0
    while position < len(text):
        value, shift, more = 0, 0, True
        while more:
            bits = ord(text[position]) - 48
            if not 0 <= bits < 64:
                raise ValueError(text[position])
            value |= (bits & 0x1F) << shift
            shift, more, position = shift + 5, bool(bits & 0x20), position + 1
        if bits & 0x10:
            value -= 1 << shift
        lengths.append(value + lengths[-2] if len(lengths) > 2 else value)
    return lengths


def _told(annotation: Mapping[str, Any], path: Path) -> str:
    return f"annotation {annotation.get('id', 'without id')} of {path}"
