"""Everything that is wrong with a data set, found in one pass: `edgeseg data check`.

Every file is decoded. A problem never ends the search; what cannot be read is left out of the rest.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgeseg.data.check_report import DatasetReport, Problem, SplitSummary
from edgeseg.data.dataset import size_text, split_rows
from edgeseg.data.images import (
    AnyImage,
    content_digest,
    is_colour,
    list_images,
    page_count,
    read_image,
    to_grey8,
)
from edgeseg.data.splits import SPLITS, assign_splits, source_of
from edgeseg.errors import DatasetError
from edgeseg.progress import Progress, silent

#: stem -> (split, source image)
_Rows = Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Image:
    size: str
    depth: int
    colour: bool
    pages: int
    digest: str
    blank: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mask:
    size: str
    pixels: int
    foreground: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """The files of one stem, as relative names (empty if missing), and what was read (None if it was not)."""

    stem: str
    image_name: str
    mask_name: str
    image: _Image | None
    mask: _Mask | None


def check_dataset(root: Path, *, progress: Progress = silent) -> DatasetReport:
    """Look for every problem in a data set.

    Args:
        root: its folder: `images/`, `masks/` and perhaps `splits.csv`.
        progress: told after each stem.

    Returns:
        What the data set holds, and its problems: errors first, then by code and file.

    Raises:
        DatasetError: there is no such folder.
    """
    if not root.is_dir():
        raise DatasetError(f"expected the folder of a data set at {root}, but there is none")
    problems: list[Problem] = []
    images = _paths_by_stem(root / "images", problems)
    masks = _paths_by_stem(root / "masks", problems)
    problems += _missing_partners(images, masks)
    rows = _read_rows(root, images, problems)
    pairs: list[_Pair] = []
    stems = sorted(images.keys() | masks.keys())
    for stem in stems:
        pairs.append(_examine(stem, images.get(stem), masks.get(stem), problems))
        progress(len(pairs), len(stems), stem)
    splits = tuple(_summary(name, pairs, rows) for name in SPLITS)
    for found in (_sources_across_splits(rows), _duplicates(pairs, rows), _oddities(pairs), _empty(splits)):
        problems += found
    readable = [pair.image for pair in pairs if pair.image]
    return DatasetReport(
        root=str(root), images=len(images), divided_by_file=(root / "splits.csv").exists(), splits=splits,
        sizes=Counter(image.size for image in readable), depths=Counter(image.depth for image in readable),
        colour=sum(image.colour for image in readable),
        problems=tuple(sorted(problems, key=Problem.order)),
    )  # fmt: skip


def _paths_by_stem(folder: Path, problems: list[Problem]) -> dict[str, Path]:
    try:
        paths = list_images(folder)
    except DatasetError as error:
        problems.append(Problem.of("missing-folder", str(error), [f"{folder.name}/"]))
        return {}
    found: dict[str, Path] = {}
    for path in paths:
        if path.stem in found:
            pair = [_name(found[path.stem]), _name(path)]
            problems.append(Problem.of("stem-twice", "two files with one stem; rename or remove one", pair))
        found.setdefault(path.stem, path)
    if not paths:
        message = "no image (PNG, TIFF, JPEG, BMP) in the folder"
        problems.append(Problem.of("no-images", message, [f"{folder.name}/"]))
    others = sorted(_name(path) for path in set(folder.iterdir()) - set(paths) if path.name[0] != ".")
    if others:
        message = f"not read, no PNG, TIFF, JPEG or BMP by the name: {len(others)}"
        problems.append(Problem.of("not-an-image", message, others))
    return found


def _missing_partners(images: Mapping[str, Path], masks: Mapping[str, Path]) -> Iterator[Problem]:
    if images and masks:  # an empty folder has been reported once, not once an image
        for stem in images.keys() - masks.keys():
            yield Problem.of("missing-mask", "the image has no mask", [_name(images[stem])])
        for stem in masks.keys() - images.keys():
            yield Problem.of("missing-image", "the mask has no image", [_name(masks[stem])])


def _read_rows(root: Path, images: Mapping[str, Path], problems: list[Problem]) -> _Rows:
    """As `dataset.read_splits`, but going on; without a readable `splits.csv`, divided by edgeseg."""
    path = root / "splits.csv"
    if path.exists():
        rows: dict[str, tuple[str, str]] = {}
        try:
            problems += _judge_rows(path, images, rows)
        except DatasetError as error:
            message = str(error).replace(str(path), path.name)
            problems.append(Problem.of("unreadable-splits", message, [path.name]))
        else:
            return rows
    sources = {stem: source_of(stem) for stem in images}
    return {stem: (split, sources[stem]) for stem, split in assign_splits(sources).items()}


def _judge_rows(
    path: Path, images: Mapping[str, Path], rows: dict[str, tuple[str, str]]
) -> Iterator[Problem]:
    """Fill `rows` with the lines that are right, and yield what is wrong with the others."""
    listed: set[str] = set()
    for line, row in split_rows(path):
        stem, split = row["stem"], row["split"]
        wrong = []
        if stem in listed:
            wrong.append(("listed-twice", f"'{stem}' a second time"))
        if stem not in images:
            wrong.append(("unknown-stem", f"no image '{stem}'"))
        if split not in SPLITS:
            wrong.append(("unknown-split", f"expected train, val or test, but got '{split}'"))
        for code, message in wrong:
            yield Problem.of(code, f"line {line}: {message}", [path.name])
        if not wrong:
            rows[stem] = (split, row["source_image"] or source_of(stem))
        listed.add(stem)
    unlisted = sorted(images.keys() - listed)
    if unlisted:
        message = f"{len(unlisted)} of {len(images)} images not in splits.csv: they are not used"
        yield Problem.of("not-listed", message, [_name(images[stem]) for stem in unlisted])


def _examine(stem: str, image_path: Path | None, mask_path: Path | None, problems: list[Problem]) -> _Pair:
    image = _examine_image(image_path, problems) if image_path else None
    mask = _examine_mask(mask_path, problems) if mask_path else None
    pair = _Pair(
        stem=stem, image_name=_name(image_path) if image_path else "",
        mask_name=_name(mask_path) if mask_path else "", image=image, mask=mask,
    )  # fmt: skip
    if image and mask and image.size != mask.size:
        message = f"the image is {image.size}, the mask {mask.size}"
        problems.append(Problem.of("size-mismatch", message, [pair.image_name, pair.mask_name]))
    return pair


def _examine_image(path: Path, problems: list[Problem]) -> _Image | None:
    image = _read(path, "unreadable-image", problems)
    if image is None:
        return None
    grey, _ = to_grey8(image)
    return _Image(
        size=size_text(grey), depth=8 * image.dtype.itemsize, colour=is_colour(image), pages=page_count(path),
        digest=content_digest(grey), blank=int(grey.min()) == int(grey.max()),
    )  # fmt: skip


def _examine_mask(path: Path, problems: list[Problem]) -> _Mask | None:
    mask = _read(path, "unreadable-mask", problems)
    if mask is None:
        return None
    if is_colour(mask):
        message = f"expected a mask with one channel, but it has {mask.shape[2]}"
        problems.append(Problem.of("colour-mask", message, [_name(path)]))
        return None
    counts = np.bincount(mask.ravel())
    problems += _judge_values(np.flatnonzero(counts), path)
    return _Mask(size=size_text(mask), pixels=mask.size, foreground=mask.size - int(counts[0]))


def _read(path: Path, code: str, problems: list[Problem]) -> AnyImage | None:
    try:
        return read_image(path)
    except DatasetError as error:
        problems.append(Problem.of(code, str(error).replace(str(path), path.name), [_name(path)]))
        return None


def _judge_values(values: npt.NDArray[np.intp], path: Path) -> Iterator[Problem]:
    shown = ", ".join(map(str, values[:4])) + (", ..." if values.size > 4 else "")
    if values.size > 2:
        message = (
            f"{values.size} values ({shown}), expected 0 and one other; "
            "label images: `edgeseg data import --format labels`"
        )
        yield Problem.of("mask-values", message, [_name(path)])
    elif values.size == 2 and values[0] != 0:
        yield Problem.of("mask-values", f"values {shown}, expected 0 as background", [_name(path)])


def _summary(name: str, pairs: Sequence[_Pair], rows: _Rows) -> SplitSummary:
    chosen = [pair for pair in pairs if pair.stem in rows and rows[pair.stem][0] == name]
    masks = [pair.mask for pair in chosen if pair.mask]
    pixels = sum(mask.pixels for mask in masks)
    return SplitSummary(
        name=name, images=len(chosen), source_images=len({rows[pair.stem][1] for pair in chosen}),
        foreground=sum(mask.foreground for mask in masks) / pixels if pixels else None,
        empty_masks=sum(not mask.foreground for mask in masks),
    )  # fmt: skip


def _sources_across_splits(rows: _Rows) -> Iterator[Problem]:
    spread: dict[str, Counter[str]] = defaultdict(Counter)
    for split, source in rows.values():
        spread[source][split] += 1
    for source, counts in sorted(spread.items()):
        if len(counts) > 1:
            where = ", ".join(f"{counts[name]} in {name}" for name in SPLITS if counts[name])
            message = f"source image '{source}' in {len(counts)} splits ({where}); put all of it in one"
            yield Problem.of("source-across-splits", message, ["splits.csv"])


def _duplicates(pairs: Sequence[_Pair], rows: _Rows) -> Iterator[Problem]:
    """The same picture twice, whatever the file format; a blank one tells nothing and is left out."""
    groups: dict[str, list[_Pair]] = defaultdict(list)
    for pair in pairs:
        if pair.image and not pair.image.blank and pair.stem in rows:
            groups[pair.image.digest].append(pair)
    for same in groups.values():
        names = [pair.image_name for pair in same]
        splits = sorted({rows[pair.stem][0] for pair in same}, key=SPLITS.index)
        if len(splits) > 1:
            message = f"the same picture in {' and '.join(splits)}; remove one or put both in one split"
            yield Problem.of("duplicate-across-splits", message, names)
        elif len(same) > 1:
            yield Problem.of("duplicate-in-split", f"the same picture {len(same)} times", names)


def _oddities(pairs: Sequence[_Pair]) -> Iterator[Problem]:
    """One warning for all files of a kind: legitimate in most data sets, a mistake in some."""

    def group(code: str, what: str, name: Callable[[_Pair], str], found: list[_Pair]) -> Iterator[Problem]:
        if found:
            yield Problem.of(code, f"{len(found)} of {len(pairs)} {what}", map(name, found))

    masks = [(pair, pair.mask) for pair in pairs if pair.mask]
    images = [(pair, pair.image) for pair in pairs if pair.image]
    mask_name, image_name = (lambda pair: pair.mask_name), (lambda pair: pair.image_name)
    empty = [pair for pair, mask in masks if not mask.foreground]
    full = [pair for pair, mask in masks if mask.foreground == mask.pixels]
    blank = [pair for pair, image in images if image.blank]
    stacks = [pair for pair, image in images if image.pages > 1]
    yield from group("empty-mask", "masks without foreground", mask_name, empty)
    yield from group("full-mask", "masks without background", mask_name, full)
    yield from group("blank-image", "images with a single grey value", image_name, blank)
    yield from group("several-pages", "images with several pages: the first is read", image_name, stacks)


def _empty(splits: Sequence[SplitSummary]) -> Iterator[Problem]:
    if any(split.images for split in splits):
        for split in splits:
            if not split.images:
                yield Problem.of("empty-split", f"no image is in the split '{split.name}'", [])


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"
