"""Which split an imported image goes to: whole source images at a time, and copies with their originals."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from edgeseg.data.importing.annotation import Source
from edgeseg.data.importing.formats import FORMATS
from edgeseg.data.importing.import_options import ImportOptions
from edgeseg.data.importing.manifest import ImportedImage
from edgeseg.data.layout import SPLITS_FILE, Rows, judge_splits, refuse
from edgeseg.data.splits import assign_splits, source_of
from edgeseg.errors import ConfigError, DatasetError


def source_image(stem: str, group: str) -> str:
    """The source image of a stem: what the regular expression `group` finds, or the `STEM` of `STEM_rRcC`.

    Raises:
        ConfigError: `group` finds nothing.
    """
    if not group:
        return source_of(stem)
    match = re.search(group, stem)
    name = match and (match[1] if match.re.groups else match[0])
    if not name:
        raise ConfigError(f"the group '{group}' finds nothing in the stem '{stem}'; it must fit every image")
    return name


def given_splits(root: Path, options: ImportOptions, sources: Sequence[Source]) -> Rows | None:
    """The division that a source folder brings along; None if it has none.

    Returns:
        stem -> (split, source image), without the stems that its `splits.csv` leaves out.

    Raises:
        ConfigError: the options ask for another division.
        DatasetError: `splits.csv` does not fit the images.
    """
    if not FORMATS[options.format].brings_splits or options.images or not (root / SPLITS_FILE).exists():
        return None
    if options.seed or options.group:
        raise ConfigError(
            f"{root / SPLITS_FILE} divides these images already, so --seed and --group would be ignored; "
            "leave them out, or remove the file"
        )
    rows, problems = judge_splits(root / SPLITS_FILE, {source.stem: source.image for source in sources})
    refuse(problems, root)
    return rows


def keep(
    imported: Sequence[ImportedImage], given: Mapping[str, tuple[str, str]]
) -> tuple[ImportedImage, ...]:
    """The images with split and source image as `given_splits` found them."""
    kept = []
    for each in imported:
        split, source = given.get(Path(each.file).stem, ("", each.source_image))
        kept.append(replace(each, split="" if each.skipped else split, source_image=source))
    return tuple(kept)


def divide(imported: Sequence[ImportedImage], seed: int) -> tuple[ImportedImage, ...]:
    """The images with their split; the same picture in two files makes two source images one."""
    first: dict[str, ImportedImage] = {}
    joined: dict[str, str] = {}

    def whole(source: str) -> str:
        while source in joined:
            source = joined[source]
        return source

    for each in imported:
        if each.content_sha256:
            original = whole(first.setdefault(each.content_sha256, each).source_image)
            if whole(each.source_image) != original:
                joined[whole(each.source_image)] = original
    sources = {tile: whole(each.source_image) for each in imported for tile in each.tiles}
    splits = assign_splits(sources, seed=seed)
    return tuple(
        replace(
            each,
            split=splits[each.tiles[0]] if each.tiles else "",
            source_image=whole(each.source_image),
            same_picture_as=_original(each, first),
        )
        for each in imported
    )


def _original(image: ImportedImage, first: Mapping[str, ImportedImage]) -> str | None:
    original = first[image.content_sha256] if image.content_sha256 else image
    return None if original is image else original.file


def refuse_clashes(imported: Sequence[ImportedImage], root: Path) -> None:
    """Refuse two images that make tiles of one name, and an import without a tile.

    Raises:
        DatasetError: one of the two.
    """
    owner: dict[str, str] = {}
    for each in imported:
        for tile in each.tiles:
            if owner.setdefault(tile, each.file) != each.file:
                raise DatasetError(
                    f"{owner[tile]} and {each.file} in {root} both make the tile {tile}; rename one"
                )
    if not owner:
        reasons = " or ".join(sorted({each.skipped for each in imported}))
        raise DatasetError(
            f"nothing to import: every image of {root} is {reasons}; pass a smaller --tile, or --tile 0 "
            "for whole images"
        )
