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
from edgeseg.data.importing.annotation import Annotation, Found, Source, paint
from edgeseg.data.importing.places import Places
from edgeseg.errors import DatasetError, MissingDependencyError


@dataclass(frozen=True, slots=True, kw_only=True)
class CocoFile:
    """A COCO file, judged.

    Attributes:
        sources: one for each image file.
        categories: name -> number of annotations; all of them become foreground.
        crowds: annotations that mark a region of many objects; each becomes one label, below all cells.
    """

    sources: tuple[Source, ...]
    categories: Mapping[str, int]
    crowds: int


def find(root: Path, places: Places) -> Found:
    """The only .json in `ROOT` or the one of `places`, and the images in `ROOT/images` or `ROOT`.

    Raises:
        DatasetError: as `read_coco`, or there is no .json, or several.
        MissingDependencyError: pycocotools is not installed.
    """
    path = places.annotations
    if path is None:
        found = sorted(root.glob("*.json"))
        if len(found) != 1:
            raise DatasetError(
                f"expected one .json in {root}, but found {len(found)}; pass --annotations FILE"
            )
        path = found[0]
    below = root / "images"
    coco = read_coco(path, places.images or (below if below.is_dir() else root))
    notes = []
    if len(coco.categories) > 1:
        listing = ", ".join(f"{name} ({count})" for name, count in coco.categories.items())
        notes.append(f"all {len(coco.categories)} categories are foreground: {listing}")
    if coco.crowds:
        notes.append(f"regions of many objects (iscrowd): {coco.crowds}, each of them one label")
    details = {
        "annotations": (path.relative_to(root) if path.is_relative_to(root) else path).as_posix(),
        "annotations_sha256": files.sha256(path),
        "categories": dict(coco.categories),
        "crowds": coco.crowds,
    }
    return Found(sources=coco.sources, details=details, notes=tuple(notes))


def read_coco(path: Path, images: Path) -> CocoFile:
    """Read a COCO file; the cells are drawn later, image by image.

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
    crowds = [_pixels(path, size, each) for each in annotations if each.get("iscrowd")]
    cells = [_pixels(path, size, each) for each in annotations if not each.get("iscrowd")]
    ground, _ = paint(crowds, size[0] * size[1])
    labels, shared = paint(cells, size[0] * size[1])
    # Below the cells, with numbers above theirs.
    free = (labels == 0) & (ground != 0)
    labels[free] = ground[free] + np.uint32(len(cells))
    return Annotation(
        labels=labels.reshape(size[::-1]).T, tells_cells=True, objects=len(annotations), shared=shared
    )


def _pixels(path: Path, size: tuple[int, int], annotation: Mapping[str, Any]) -> npt.NDArray[np.intp]:
    """The pixels of one annotation, as positions in the image, column by column."""
    shape = annotation["segmentation"]
    if isinstance(shape, dict):
        return _foreground(_run_lengths(shape, size, annotation, path))
    coco = _pycocotools()
    runs = coco.merge(coco.frPyObjects(list(_polygons(shape, size, annotation, path)), *size))
    return _foreground(_decompress(runs["counts"].decode()))


def _foreground(lengths: Sequence[int]) -> npt.NDArray[np.intp]:
    """The positions in the foreground; the lengths are of runs of background and foreground in turn."""
    ends = np.cumsum(np.asarray(lengths, np.intp))
    starts, sizes = ends[:-1:2], np.asarray(lengths[1::2], np.intp)
    before = np.cumsum(sizes) - sizes
    return np.repeat(starts - before, sizes) + np.arange(sizes.sum())


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
