"""`edgeseg report`: which file to ship, as a page, as Markdown or as CSV."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated

import typer

from edgeseg.cli import console
from edgeseg.errors import ConfigError


def report(
    results: Annotated[
        list[Path], typer.Argument(metavar="RESULT...", help="JSON files of `edgeseg bench`.")
    ],
    out: Annotated[
        list[Path],
        typer.Option(help="The report, by its suffix: .html (a page), .md or .csv; may be repeated."),
    ],
    within: Annotated[
        float, typer.Option(help="Loss of Dice against the reference that is accepted, 0 to 1.")
    ] = 0.01,
    force: Annotated[bool, typer.Option("--force", help="Replace the files of --out.")] = False,
) -> None:
    """Show which file to ship: the smallest and the fastest that find as much as the reference.

    The page needs no network and holds everything: plots of Dice over bytes and time, every row, every
    inference, every image, masks, machine, method, and what was not measured.
    """
    from edgeseg.bench.result_file import load_result
    from edgeseg.files import write_text
    from edgeseg.report.render import FORMATS, render
    from edgeseg.report.section import make_sections
    from edgeseg.settings import check_range

    check_range("--within", within, 0, 1)
    _refuse_twice("results", results)
    refuse_outputs(out, FORMATS, force=force)
    sections = make_sections([(str(path), load_result(path)) for path in results], within=within)
    # All are made before the first is written: a missing extra leaves nothing half-done.
    texts = [render(sections, path.suffix) for path in out]
    for path, text in zip(out, texts, strict=True):
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
