"""`edgeseg compare`: what changed between two benches, or between the models of one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgeseg.cli import console
from edgeseg.errors import ConfigError

if TYPE_CHECKING:
    from edgeseg.comparison.compare import Comparison


def compare(
    results: Annotated[
        list[Path],
        typer.Argument(metavar="BASE [NEW]", help="JSON files of `edgeseg bench`; one alone with --base."),
    ],
    base: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="Compare every other model of one result with this one of it."),
    ] = None,
    allow: Annotated[
        str | None,
        typer.Option(help="What may differ between two results: machine, runtime, data, threads; as a,b."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="As Markdown.")] = False,
) -> None:
    """Compare two benches, figure by figure, with the 95 % interval of each change.

    Models belong together by name, else by variant. Results of other machines, runtimes, data or numbers
    of threads are refused. The exit code is 0 whatever changed: `edgeseg check` is the judge.
    """
    from edgeseg.comparison.table import LEFT, comparison_table, heading, markdown, remarks

    if as_json and as_markdown:
        raise ConfigError("--json and --markdown exclude each other: give one of them")
    found = _compare(results, base, allow)
    if as_json:
        console.say_json(found.to_dict())
        return
    if as_markdown:
        console.say(markdown(found))
        return
    header, rows = comparison_table(found)
    console.say(f"{heading(found)}\n")
    console.say(console.table(header, rows, left=[header.index(name) for name in LEFT if name in header]))
    for remark in remarks(found):
        console.note(f"note: {remark}")


def _compare(paths: list[Path], base: str | None, allow: str | None) -> Comparison:
    from edgeseg.bench.result_file import load_result
    from edgeseg.comparison.alike import parse_allowed
    from edgeseg.comparison.compare import compare_models, compare_results
    from edgeseg.comparison.pairs import find_model

    if len(paths) != (2 if base is None else 1):
        raise ConfigError(
            "expected two results, BASE and NEW, or one result and --base MODEL, "
            f"but got {len(paths)}{' and --base' if base is not None else ''}"
        )
    if base is not None and allow is not None:
        raise ConfigError("--allow is about two results, but with --base there is one: leave it out")
    allowed = parse_allowed(allow)
    results = [load_result(path) for path in paths]
    if base is not None:
        return compare_models(results[0], find_model(results[0], base), name=str(paths[0]))
    return compare_results(*results, allowed=allowed, names=(str(paths[0]), str(paths[1])))
