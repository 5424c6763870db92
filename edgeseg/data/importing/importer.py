"""Foreign annotations into a data set that edgeseg trains on: tiles, labels, masks, splits, and a manifest.

Nothing is resampled. Images of 16 bits are mapped to 8 by the percentiles of the whole image, before
it is cut, so that neighbouring tiles stay alike.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgeseg import files
from edgeseg.data import images
from edgeseg.data.dataset import size_text
from edgeseg.data.importing.annotation import Source
from edgeseg.data.importing.division import divide, given_splits, keep, refuse_clashes, source_image
from edgeseg.data.importing.formats import FORMATS
from edgeseg.data.importing.import_options import ImportOptions
from edgeseg.data.importing.manifest import ImportedImage, ImportManifest
from edgeseg.data.truth import TruthKind
from edgeseg.errors import DatasetError
from edgeseg.progress import Progress, silent

MANIFEST = "manifest.json"


def import_dataset(
    source: Path, out: Path, options: ImportOptions, *, force: bool = False, progress: Progress = silent
) -> ImportManifest:
    """Make a data set of foreign annotations.

    Args:
        source: the folder to read.
        out: the folder to make, with `images/`, `masks/`, `splits.csv` and `manifest.json`, and with
            `labels/` where the source tells cells apart.
        options: format, tiles, division.
        force: replace `out` if an earlier import made it.
        progress: told after each image.

    Returns:
        What was done, as in `manifest.json`.

    Raises:
        DatasetError: an image or annotation cannot be read or does not fit; nothing is written.
        MissingDependencyError: COCO without pycocotools.
        OutputError: `out` exists or cannot be written.
    """
    if not source.is_dir():
        raise DatasetError(f"expected the folder to import at {source}, but there is none")
    with files.staged_folder(out, marker=MANIFEST, force=force) as stage:
        found = FORMATS[options.format].find(source, options)
        given = given_splits(source, options, found.sources)
        imported: list[ImportedImage] = []
        for each in found.sources:
            skip = "left out of splits.csv" if given is not None and each.stem not in given else ""
            imported.append(_import_one(each, source, stage, options, skip))
            progress(len(imported), len(found.sources), each.stem)
        refuse_clashes(imported, source)
        manifest = ImportManifest(
            format=options.format, source=source.resolve().name, tile=options.tile, seed=options.seed,
            group=options.group, splits_kept=given is not None, details=found.details, about=found.notes,
            images=divide(imported, options.seed) if given is None else keep(imported, given),
            truth=_truth(imported, stage / "labels"),
        )  # fmt: skip
        rows = [(tile, each.split, each.source_image) for each in manifest.images for tile in each.tiles]
        files.write_csv(stage / "splits.csv", ("stem", "split", "source_image"), sorted(rows))
        files.write_json(stage / MANIFEST, manifest.to_dict())
    return manifest


def _truth(imported: Sequence[ImportedImage], labels: Path) -> TruthKind:
    """What was written: with one number an image at most, label images tell no more than masks, and go."""
    if any((each.objects or 0) > 1 for each in imported if not each.skipped):
        return "labels"
    if labels.exists():
        shutil.rmtree(labels)
    return "masks"


def _import_one(source: Source, root: Path, stage: Path, options: ImportOptions, skip: str) -> ImportedImage:
    raw = images.read_image(source.image)
    grey, _ = images.to_grey8(raw)
    annotation = source.read_annotation()
    if annotation.labels.shape != grey.shape:
        raise DatasetError(
            f"expected a mask of the size of {source.image}, {size_text(grey)}, but its annotation is "
            f"{size_text(annotation.labels)}"
        )
    if options.tile and min(grey.shape) < options.tile:
        skip = skip or f"smaller than {options.tile}x{options.tile}"
    tiles = {} if skip else dict(cut(source.stem, grey.shape, options.tile))
    for stem, region in tiles.items():
        labels = annotation.labels[region]
        images.write_png(stage / "images" / f"{stem}.png", grey[region])
        images.write_png(stage / "masks" / f"{stem}.png", np.where(labels, np.uint8(255), np.uint8(0)))
        if annotation.tells_cells:
            images.write_png(stage / "labels" / f"{stem}.png", _numbered(labels, source))
    content = None if grey.min() == grey.max() else images.content_digest(grey)
    where, number, digest = _annotation_record(source.annotation_files, root)
    return ImportedImage(
        file=_relative(source.image, root), sha256=files.sha256(source.image), width=grey.shape[1],
        height=grey.shape[0], depth=8 * raw.dtype.itemsize, colour=images.is_colour(raw),
        pages=images.page_count(source.image), grey_range=images.depth_range(raw), annotation=where,
        annotation_files=number, annotation_sha256=digest, objects=annotation.objects,
        shared=annotation.shared,
        content_sha256=content, tiles=tuple(tiles), skipped=skip,
        source_image=source_image(source.stem, options.group),
    )  # fmt: skip


def _numbered(labels: npt.NDArray[np.integer], source: Source) -> npt.NDArray[np.uint16]:
    """The cells of a tile numbered 1, 2, 3, ..., whatever numbers they had."""
    numbers, place = np.unique(labels, return_inverse=True)
    cells = int(np.count_nonzero(numbers))
    if cells > images.MAX_LABEL:
        raise DatasetError(
            f"expected at most {images.MAX_LABEL:,} cells in a tile, but one of {source.image} has "
            f"{cells:,}; pass a smaller --tile"
        )
    anew = np.where(numbers != 0, np.cumsum(numbers != 0), 0).astype(np.uint16)
    numbered: npt.NDArray[np.uint16] = anew[place].reshape(labels.shape)
    return numbered


def cut(stem: str, shape: tuple[int, ...], tile: int) -> Iterator[tuple[str, tuple[slice, slice]]]:
    """The centred grid of whole tiles of an image: no overlap, no resampling, the rest left out.

    Args:
        stem: of the image.
        shape: height and width in pixels.
        tile: height and width of a tile in pixels; 0 is the whole image.

    Yields:
        The tile's stem (`STEM`, or `STEM_rRcC` where there are several) and its rows and columns.
    """
    height, width = shape
    if tile == 0:
        yield stem, (slice(0, height), slice(0, width))
        return
    rows, columns = height // tile, width // tile
    top, left = (height - rows * tile) // 2, (width - columns * tile) // 2
    for row in range(rows):
        for column in range(columns):
            y, x = top + row * tile, left + column * tile
            name = stem if rows * columns == 1 else f"{stem}_r{row}c{column}"
            yield name, (slice(y, y + tile), slice(x, x + tile))


def _annotation_record(paths: tuple[Path, ...], root: Path) -> tuple[str | None, int, str | None]:
    if not paths:
        return None, 0, None
    if len(paths) == 1:
        return _relative(paths[0], root), 1, files.sha256(paths[0])
    lines = "".join(f"{path.name} {files.sha256(path)}\n" for path in paths)
    return _relative(paths[0].parent, root), len(paths), files.sha256_bytes(lines.encode())


def _relative(path: Path, root: Path) -> str:
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()
