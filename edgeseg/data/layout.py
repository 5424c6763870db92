"""How a data set lies in its folder: `images/`, `labels/` or `masks/` with the same stems, and `splits.csv`.

Every rule stands here once. `open_dataset` refuses the first problem, `check_dataset` lists them all.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgeseg.data.image_formats import listed, one_of
from edgeseg.data.problems import Problem
from edgeseg.data.splits import SPLITS, assign_splits, source_of
from edgeseg.errors import DatasetError

if TYPE_CHECKING:
    from edgeseg.data.truth import TruthKind  # OpenCV is loaded with the first image

SPLITS_FILE = "splits.csv"

_COLUMNS = ("stem", "split", "source_image")

#: stem -> (split, source image)
Rows = Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The files of a data set, none of them read yet but `splits.csv`.

    Attributes:
        kind: where the truth is: `labels` if `labels/` holds images, else `masks`.
        images: stem -> image file.
        labels: stem -> label image; empty where the truth is in masks.
        masks: stem -> mask; beside labels they are no more than compared with them.
        rows: stem -> split and source image, of the images that are used.
        divided_by_file: the splits are those of `splits.csv`; else edgeseg made them.
        problems: what is wrong, in the order in which it was found.
    """

    kind: TruthKind
    images: Mapping[str, Path]
    labels: Mapping[str, Path]
    masks: Mapping[str, Path]
    rows: Rows
    divided_by_file: bool
    problems: tuple[Problem, ...]

    @property
    def truths(self) -> Mapping[str, Path]:
        """Stem -> the file that the truth is read from."""
        return self.labels if self.kind == "labels" else self.masks


def read_layout(root: Path) -> Layout:
    """Look through the folder of a data set; what is wrong is in `Layout.problems`."""
    if not root.is_dir():
        missing = Problem.of(
            "missing-folder", f"expected a data set at {root}, but there is no such folder", []
        )
        return Layout(
            kind="masks", images={}, labels={}, masks={}, rows={}, divided_by_file=False, problems=(missing,)
        )
    images, problems = files_by_stem(root / "images")
    labels, in_labels = files_by_stem(root / "labels")
    masks, in_masks = files_by_stem(root / "masks")
    kind: TruthKind = "labels" if labels or not (root / "masks").exists() else "masks"
    if not (root / "labels").exists() and not (root / "masks").exists():
        message = f"expected labels/ or masks/ beside images/ in {root}, but there is neither"
        problems.append(Problem.of("missing-folder", message, ["masks/"]))
        kind = "masks"
    elif kind == "labels":
        problems += in_labels
    else:
        problems += in_masks
        if (root / "labels").exists():  # files of another purpose, such as boxes in text files
            problems += [each for each in in_labels if each.code == "not-an-image"]
    problems += _missing_partners(images, labels if kind == "labels" else masks, kind)
    rows, found = judge_splits(root / SPLITS_FILE, images)
    return Layout(
        kind=kind, images=images, labels=labels, masks=masks, rows=rows,
        divided_by_file=(root / SPLITS_FILE).exists(), problems=(*problems, *found),
    )  # fmt: skip


def refuse(problems: Iterable[Problem], root: Path, advice: str = "") -> None:
    """Refuse the first problem that keeps a data set from being used.

    Args:
        problems: to look through.
        root: the folder that they are about.
        advice: ends the sentence.

    Raises:
        DatasetError: there is one.
    """
    errors = [each for each in problems if each.severity == "error"]
    if not errors:
        return
    first = errors[0]
    if first.code == "missing-folder":  # named in the message, with its place
        raise DatasetError(f"{first.message}{advice}")
    alike = sum(each.code == first.code for each in errors)
    such = f" ({alike} such)" if alike > 1 else ""
    whose = f"{' and '.join(first.files)} in {root}: "
    raise DatasetError(f"{whose}{first.message}{such}{advice}")


def files_by_stem(folder: Path) -> tuple[dict[str, Path], list[Problem]]:
    """The image files of a folder by stem, and what is wrong with the folder."""
    from edgeseg.data.images import list_images

    try:
        paths = list_images(folder)
    except DatasetError as error:
        return {}, [Problem.of("missing-folder", str(error), [f"{folder.name}/"])]
    found: dict[str, Path] = {}
    problems = []
    for path in paths:
        if path.stem in found:
            pair = [name_of(found[path.stem]), name_of(path)]
            problems.append(Problem.of("stem-twice", "two files with one stem; rename or remove one", pair))
        found.setdefault(path.stem, path)
    if not paths:
        message = f"no image ({listed()}) in the folder"
        problems.append(Problem.of("no-images", message, [f"{folder.name}/"]))
    others = sorted(name_of(path) for path in set(folder.iterdir()) - set(paths) if path.name[0] != ".")
    if others:
        message = f"not read, no {one_of()} by the name: {len(others)}"
        problems.append(Problem.of("not-an-image", message, others))
    return found, problems


def name_of(path: Path) -> str:
    """`FOLDER/FILE`, as files of a data set are called in reports."""
    return f"{path.parent.name}/{path.name}"


def _missing_partners(
    images: Mapping[str, Path], truths: Mapping[str, Path], kind: TruthKind
) -> Iterator[Problem]:
    if images and truths:  # an empty folder has been reported once, not once an image
        code, what = ("missing-mask", "mask") if kind == "masks" else ("missing-label", "label image")
        for stem in sorted(images.keys() - truths.keys()):
            yield Problem.of(code, f"the image has no {what}", [name_of(images[stem])])
        for stem in sorted(truths.keys() - images.keys()):
            yield Problem.of("missing-image", f"the {what} has no image", [name_of(truths[stem])])


def judge_splits(path: Path, images: Mapping[str, Path]) -> tuple[Rows, list[Problem]]:
    """Read `splits.csv`, or divide where there is none that can be read.

    Args:
        path: of the file.
        images: stem -> image file.

    Returns:
        stem -> (split, source image), from the lines that are right, and what is wrong with the others.
        Stems that the file leaves out are not used.
    """
    if path.exists():
        try:
            return _judge_rows(path, images)
        except DatasetError as error:
            message = str(error).replace(str(path), path.name)
            return _divided(images), [Problem.of("unreadable-splits", message, [path.name])]
    return _divided(images), []


def _divided(stems: Collection[str]) -> Rows:
    sources = {stem: source_of(stem) for stem in stems}
    return {stem: (split, sources[stem]) for stem, split in assign_splits(sources).items()}


def _judge_rows(path: Path, images: Mapping[str, Path]) -> tuple[Rows, list[Problem]]:
    rows: dict[str, tuple[str, str]] = {}
    problems = []
    listed: set[str] = set()
    for line, row in split_rows(path):
        stem, split = row["stem"], row["split"]
        wrong = []
        if stem in listed:
            wrong.append(("listed-twice", f"'{stem}' a second time; remove one of the lines"))
        if stem not in images:
            wrong.append(("unknown-stem", f"no image '{stem}'"))
        if split not in SPLITS:
            wrong.append(("unknown-split", f"expected train, val or test as split, but got '{split}'"))
        problems += [Problem.of(code, f"line {line}: {message}", [path.name]) for code, message in wrong]
        if not wrong:
            rows[stem] = (split, row["source_image"] or source_of(stem))
        listed.add(stem)
    unlisted = sorted(images.keys() - listed)
    if unlisted:
        message = f"{len(unlisted)} of {len(images)} images not in splits.csv: they are not used"
        problems.append(Problem.of("not-listed", message, [name_of(images[stem]) for stem in unlisted]))
    return rows, problems


def split_rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a `splits.csv` as they are, not judged.

    Yields:
        The line number and the columns `stem`, `split`, `source_image`, empty where a cell is missing.

    Raises:
        DatasetError: the file cannot be read as CSV, or lacks the column `stem` or `split`.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"cannot read {path} as UTF-8 text: {error}") from error
    reader = csv.DictReader(text.splitlines())
    try:
        if not {"stem", "split"} <= set(reader.fieldnames or ()):
            raise DatasetError(
                f"expected the columns stem,split[,source_image] in {path}, "
                f"but got {','.join(reader.fieldnames or ()) or 'nothing'}"
            )
        for row in reader:
            yield reader.line_num, {name: row.get(name) or "" for name in _COLUMNS}
    except csv.Error as error:
        raise DatasetError(f"cannot read {path} as CSV after line {reader.line_num}: {error}") from error
