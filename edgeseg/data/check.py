"""Everything that is wrong with a data set, found in one pass: `edgeseg data check`.

Every file is decoded. A problem never ends the search; what cannot be read is left out of the rest.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from edgeseg.data.check_report import DatasetReport, SplitSummary
from edgeseg.data.dataset import size_text
from edgeseg.data.images import (
    content_digest,
    is_colour,
    page_count,
    read_cell_labels,
    read_image,
    read_mask,
    to_grey8,
)
from edgeseg.data.label_facts import LabelFacts, label_facts
from edgeseg.data.layout import Layout, Rows, name_of, read_layout
from edgeseg.data.problems import Problem
from edgeseg.data.splits import SPLITS
from edgeseg.data.truth import TruthKind
from edgeseg.errors import DatasetError
from edgeseg.metrics.cells import MIN_AREA
from edgeseg.progress import Progress, silent
from edgeseg.text import counted

_Pixels = TypeVar("_Pixels")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Image:
    size: str
    depth: int
    colour: bool
    pages: int
    digest: str
    blank: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Truth:
    """A mask or a label image.

    Attributes:
        size: width and height, as text.
        pixels: how many.
        foreground: how many of them are not 0.
        cells: of a label image.
        other_mask: the mask beside a label image, where it is not what the labels say.
    """

    size: str
    pixels: int
    foreground: int
    cells: LabelFacts | None = None
    other_mask: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """The files of one stem, as relative names (empty if missing), and what was read (None if it was not)."""

    stem: str
    image_name: str
    truth_name: str
    image: _Image | None
    truth: _Truth | None


def check_dataset(root: Path, *, progress: Progress = silent) -> DatasetReport:
    """Look for every problem in a data set.

    Args:
        root: its folder: `images/`, `labels/` or `masks/`, and perhaps `splits.csv`.
        progress: told after each stem.

    Returns:
        What the data set holds, and its problems: errors first, then by code and file.

    Raises:
        DatasetError: there is no such folder.
    """
    if not root.is_dir():
        raise DatasetError(f"expected the folder of a data set at {root}, but there is none")
    layout = read_layout(root)
    problems = list(layout.problems)
    pairs: list[_Pair] = []
    stems = sorted(layout.images.keys() | layout.truths.keys())
    for stem in stems:
        pairs.append(_examine(stem, layout, problems))
        progress(len(pairs), len(stems), stem)
    rows = layout.rows
    splits = tuple(_summary(name, pairs, rows) for name in SPLITS)
    for found in (
        _sources_across_splits(rows), _duplicates(pairs, rows), _oddities(pairs, layout.kind),
        _label_oddities(pairs), _empty(splits),
    ):  # fmt: skip
        problems += found
    readable = [pair.image for pair in pairs if pair.image]
    return DatasetReport(
        root=str(root), images=len(layout.images), truth=layout.kind, divided_by_file=layout.divided_by_file,
        splits=splits, sizes=Counter(image.size for image in readable),
        depths=Counter(image.depth for image in readable), colour=sum(image.colour for image in readable),
        problems=tuple(sorted(problems, key=Problem.order)),
    )  # fmt: skip


def refuse_errors(found: DatasetReport) -> None:
    """Raise `DatasetError` with the first error of a data set, if it has one."""
    if found.errors:
        first = found.errors[0]
        raise DatasetError(
            f"{first.message} ({first.files[0] if first.files else found.root}); `edgeseg data check "
            f"{found.root}` lists every problem ({len(found.errors)} errors)"
        )


def _examine(stem: str, layout: Layout, problems: list[Problem]) -> _Pair:
    image_path, truth_path = layout.images.get(stem), layout.truths.get(stem)
    image = _examine_image(image_path, problems) if image_path else None
    truth = None
    if truth_path and layout.kind == "labels":
        truth = _examine_labels(truth_path, layout.masks.get(stem), problems)
    elif truth_path:
        truth = _examine_mask(truth_path, problems)
    pair = _Pair(
        stem=stem, image_name=name_of(image_path) if image_path else "",
        truth_name=name_of(truth_path) if truth_path else "", image=image, truth=truth,
    )  # fmt: skip
    if image and truth and image.size != truth.size:
        what = "label image" if layout.kind == "labels" else "mask"
        message = f"the image is {image.size}, the {what} {truth.size}"
        problems.append(Problem.of("size-mismatch", message, [pair.image_name, pair.truth_name]))
    return pair


def _examine_image(path: Path, problems: list[Problem]) -> _Image | None:
    image = _read(read_image, path, "unreadable-image", problems)
    if image is None:
        return None
    grey, _ = to_grey8(image)
    return _Image(
        size=size_text(grey), depth=8 * image.dtype.itemsize, colour=is_colour(image), pages=page_count(path),
        digest=content_digest(grey), blank=int(grey.min()) == int(grey.max()),
    )  # fmt: skip


def _examine_mask(path: Path, problems: list[Problem]) -> _Truth | None:
    mask = _read(read_image, path, "unreadable-mask", problems)
    if mask is None:
        return None
    if is_colour(mask):
        message = f"expected a mask with one channel, but it has {mask.shape[2]}"
        problems.append(Problem.of("colour-mask", message, [name_of(path)]))
        return None
    counts = np.bincount(mask.ravel())
    problems += _judge_values(np.flatnonzero(counts), path)
    return _Truth(size=size_text(mask), pixels=mask.size, foreground=mask.size - int(counts[0]))


def _examine_labels(path: Path, mask_path: Path | None, problems: list[Problem]) -> _Truth | None:
    labels = _read(read_cell_labels, path, "unreadable-label", problems)
    if labels is None:
        return None
    return _Truth(
        size=size_text(labels), pixels=labels.size, foreground=int(np.count_nonzero(labels)),
        cells=label_facts(labels),
        other_mask=name_of(mask_path) if mask_path and _disagrees(labels, mask_path) else "",
    )  # fmt: skip


def _disagrees(labels: npt.NDArray[np.int32], mask_path: Path) -> bool:
    try:
        return not np.array_equal(read_mask(mask_path), labels != 0)
    except DatasetError:
        return True


def _read(read: Callable[[Path], _Pixels], path: Path, code: str, problems: list[Problem]) -> _Pixels | None:
    try:
        return read(path)
    except DatasetError as error:
        problems.append(Problem.of(code, str(error).replace(str(path), path.name), [name_of(path)]))
        return None


def _judge_values(values: npt.NDArray[np.intp], path: Path) -> Iterator[Problem]:
    shown = ", ".join(map(str, values[:4])) + (", ..." if values.size > 4 else "")
    if values.size > 2:
        message = (
            f"{values.size} values ({shown}), expected 0 and one other; "
            "label images belong into labels/ instead of masks/"
        )
        yield Problem.of("mask-values", message, [name_of(path)])
    elif values.size == 2 and values[0] != 0:
        yield Problem.of("mask-values", f"values {shown}, expected 0 as background", [name_of(path)])


def _summary(name: str, pairs: Sequence[_Pair], rows: Rows) -> SplitSummary:
    chosen = [pair for pair in pairs if pair.stem in rows and rows[pair.stem][0] == name]
    truths = [pair.truth for pair in chosen if pair.truth]
    pixels = sum(truth.pixels for truth in truths)
    cells = [truth.cells for truth in truths if truth.cells]
    return SplitSummary(
        name=name, images=len(chosen), source_images=len({rows[pair.stem][1] for pair in chosen}),
        foreground=sum(truth.foreground for truth in truths) / pixels if pixels else None,
        empty_masks=sum(not truth.foreground for truth in truths),
        cells=sum(cells, start=LabelFacts()) if cells else None,
    )  # fmt: skip


def _sources_across_splits(rows: Rows) -> Iterator[Problem]:
    spread: dict[str, Counter[str]] = defaultdict(Counter)
    for split, source in rows.values():
        spread[source][split] += 1
    for source, counts in sorted(spread.items()):
        if len(counts) > 1:
            where = ", ".join(f"{counts[name]} in {name}" for name in SPLITS if counts[name])
            message = f"source image '{source}' in {len(counts)} splits ({where}); put all of it in one"
            yield Problem.of("source-across-splits", message, ["splits.csv"])


def _duplicates(pairs: Sequence[_Pair], rows: Rows) -> Iterator[Problem]:
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


def _oddities(pairs: Sequence[_Pair], kind: TruthKind) -> Iterator[Problem]:
    """One warning for all files of a kind: legitimate in most data sets, a mistake in some."""

    def group(code: str, what: str, name: Callable[[_Pair], str], found: list[_Pair]) -> Iterator[Problem]:
        if found:
            yield Problem.of(code, f"{len(found)} of {len(pairs)} {what}", map(name, found))

    truths = [(pair, pair.truth) for pair in pairs if pair.truth]
    images = [(pair, pair.image) for pair in pairs if pair.image]
    truth_name, image_name = (lambda pair: pair.truth_name), (lambda pair: pair.image_name)
    truths_called = "label images" if kind == "labels" else "masks"
    empty = [pair for pair, truth in truths if not truth.foreground]
    full = [pair for pair, truth in truths if truth.foreground == truth.pixels]
    blank = [pair for pair, image in images if image.blank]
    stacks = [pair for pair, image in images if image.pages > 1]
    yield from group("empty-mask", f"{truths_called} without foreground", truth_name, empty)
    yield from group("full-mask", f"{truths_called} without background", truth_name, full)
    yield from group("blank-image", "images with a single grey value", image_name, blank)
    yield from group("several-pages", "images with several pages: the first is read", image_name, stacks)


def _label_oddities(pairs: Sequence[_Pair]) -> Iterator[Problem]:
    """What is strange in label images; one problem for all files of a kind."""
    truths = [(pair.truth_name, pair.truth) for pair in pairs if pair.truth]
    found = [(name, truth, truth.cells) for name, truth in truths if truth.cells]
    total = sum((cells for _, _, cells in found), start=LabelFacts())
    broken = [name for name, _, cells in found if cells.in_pieces]
    if broken and all(cells.cells + cells.specks < 2 for _, _, cells in found):
        message = (
            "no label image has more than one number, and it lies in several pieces: these are masks; "
            "call the folder masks/, or number the cells"
        )
        yield Problem.of("labels-are-masks", message, broken)
    elif broken:
        message = f"{total.in_pieces} of {counted(total.cells, 'cell')} in several pieces with one number"
        yield Problem.of("cell-in-pieces", message, broken)
    if total.specks:
        message = (
            f"{counted(total.specks, 'number')} on fewer than {MIN_AREA} pixels: too small to count as cells"
        )
        yield Problem.of("speck", message, [name for name, _, cells in found if cells.specks])
    disagree = [truth.other_mask for _, truth, _ in found if truth.other_mask]
    if disagree:
        message = (
            f"{len(disagree)} of {len(pairs)} masks are not what the label images beside them say: "
            "the label images are used"
        )
        yield Problem.of("mask-disagrees", message, disagree)


def _empty(splits: Sequence[SplitSummary]) -> Iterator[Problem]:
    if any(split.images for split in splits):
        for split in splits:
            if not split.images:
                yield Problem.of("empty-split", f"no image is in the split '{split.name}'", [])
