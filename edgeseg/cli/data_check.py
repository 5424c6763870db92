"""`edgeseg data check`: everything that is wrong with a data set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgeseg.cli.console import note, progress, say, say_json, table
from edgeseg.text import counted

if TYPE_CHECKING:
    from edgeseg.data.check_report import DatasetReport
    from edgeseg.data.label_facts import LabelFacts
    from edgeseg.data.problems import Problem

_SHOWN_FILES = 3


def data_check(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder with images/ and labels/ or masks/.")],
    json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """List every problem of a data set at once.

    Looks for missing partners, damaged files, sizes and values that do not fit, empty masks, the same
    picture or source image in two splits, and lines of splits.csv that do not fit. In labels/ also for cells
    in several pieces and specks; the table tells which share of the cells touch each other, which are cut by
    the border, and with which F1 even perfect masks would find them, split into connected pieces.
    Exit code 2 if there are errors; warnings alone leave it 0.
    """
    from edgeseg.data.check import check_dataset

    with progress("Checking") as show:
        report = check_dataset(folder, progress=show)
    if json:
        say_json(report.to_dict())
    else:
        for line in report.notes:
            note(line)
        say(_summary(report))
        if report.problems:
            say("\n" + _problems(report.problems))
        say("\n" + _verdict(report))
    raise typer.Exit(2 if report.errors else 0)


def _summary(report: DatasetReport) -> str:
    sizes = ", ".join(f"{size} ({count})" for size, count in sorted(report.sizes.items()))
    rows = [
        [
            split.name, str(split.images), str(split.source_images),
            "-" if split.foreground is None else f"{100 * split.foreground:.1f} %", str(split.empty_masks),
            *_cells(split.cells),
        ]
        for split in report.splits
    ]  # fmt: skip
    header = [
        "split", "images", "source images", "foreground", "empty masks", "cells", "touching", "cut",
        "F1 of perfect masks",
    ]  # fmt: skip
    if report.truth == "masks":
        header, rows = header[:5], [row[:5] for row in rows]
    return (
        f"{report.root}: {report.images} images with {report.truth}; {sizes or 'none readable'}\n\n"
        f"{table(header, rows)}"
    )


def _cells(cells: LabelFacts | None) -> list[str]:
    if not cells or not cells.cells:
        return ["0" if cells else "-", *["-"] * 3]
    shares = (f"{100 * count / cells.cells:.1f} %" for count in (cells.touching, cells.cut))
    return [str(cells.cells), *shares, f"{cells.by_masks.f1:.3f}"]


def _problems(problems: tuple[Problem, ...]) -> str:
    rows = [[each.severity, each.code, _files(each.files), each.message] for each in problems]
    return table(["severity", "code", "files", "problem"], rows, left=range(4))


def _files(names: tuple[str, ...]) -> str:
    more = len(names) - _SHOWN_FILES
    return " ".join(names[:_SHOWN_FILES]) + (f" and {more} more" if more > 0 else "")


def _verdict(report: DatasetReport) -> str:
    if not report.problems:
        return "no problems"
    counts = f"{counted(len(report.errors), 'error')}, {counted(len(report.warnings), 'warning')}"
    cut = any(len(each.files) > _SHOWN_FILES for each in report.problems)
    return counts + (" (--json names every file)" if cut else "")
