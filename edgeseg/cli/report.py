"""`edgeseg report`: which file to ship, as a page, as Markdown or as CSV."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from edgeseg.cli import console
from edgeseg.errors import ConfigError

_WITHIN = 0.01


def report(
    results: Annotated[
        list[Path],
        typer.Argument(
            metavar="RESULT...", help="JSON files of `edgeseg bench`, or one folder of `edgeseg predict`."
        ),
    ],
    out: Annotated[
        list[Path],
        typer.Option(help="The report, by its suffix: .html (a page), .md or .csv; may be repeated."),
    ],
    within: Annotated[
        float | None,
        typer.Option(
            help=f"Loss of Dice against the reference that is accepted, 0 to 1 [default: {_WITHIN:g}]."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the files of --out.")] = False,
) -> None:
    """Show which file to ship: the smallest and the fastest that find as much as the reference.

    The page needs no network and holds everything: plots of Dice over bytes and time, every row, every
    inference, every image, masks, machine, method, and what was not measured.

    Of a folder of `edgeseg predict` it shows cells over time: how many there were in each picture, and how
    much they covered.
    """
    if any(path.is_dir() for path in results):
        _report_series(results, out, within, force=force)
        return
    from edgeseg.bench.result_file import load_result
    from edgeseg.report.render import FORMATS, render
    from edgeseg.report.section import make_sections
    from edgeseg.settings import check_range

    within = _WITHIN if within is None else within
    check_range("--within", within, 0, 1)
    _refuse_twice("results", results)
    refuse_outputs(out, FORMATS, force=force)
    sections = make_sections([(str(path), load_result(path)) for path in results], within=within)
    _write({path: render(sections, path.suffix) for path in out})


def _report_series(
    results: Sequence[Path], out: Sequence[Path], within: float | None, *, force: bool
) -> None:
    """The report of a folder that `edgeseg predict` made."""
    if len(results) > 1:
        raise ConfigError(
            "expected one folder of edgeseg predict or results of edgeseg bench, but "
            f"{len(results)} names were given"
        )
    if within is not None:
        raise ConfigError("--within changes nothing for a folder of edgeseg predict; leave it out")
    from edgeseg.errors import ResultError
    from edgeseg.prediction.results import read_results
    from edgeseg.report.over_time import FORMATS, render

    refuse_outputs(out, FORMATS, force=force)
    found = read_results(results[0])
    if not found.images:
        raise ResultError(f"{results[0]} holds results of no picture, so there is nothing to report")
    _write({path: render(found, path.suffix) for path in out})


def _write(texts: Mapping[Path, str]) -> None:
    """Write what is all made by now: a missing extra leaves nothing half-done."""
    from edgeseg.files import write_text

    for path, text in texts.items():
        write_text(path, text)
        console.say(str(path))


def refuse_outputs(out: Sequence[Path], formats: Collection[str], *, force: bool) -> None:
    """Refuse files to write that are named twice, of no known format, or there already."""
    from edgeseg.files import refuse_existing

    _refuse_twice("--out", out)
    for path in out:
        if path.suffix not in formats:
            raise ConfigError(f"expected --out to end in {' or '.join(formats)}, but got {path}")
        refuse_existing(path, force=force)


def _refuse_twice(name: str, paths: Sequence[Path]) -> None:
    if len({path.resolve() for path in paths}) < len(paths):
        raise ConfigError(f"expected different files as {name}, but one is named twice")
