"""`edgeseg check`: model files against budgets.toml."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgeseg.cli import console
from edgeseg.errors import ConfigError

if TYPE_CHECKING:
    from edgeseg.budget.facts import ModelFacts
    from edgeseg.budget.judgement import Judgement
    from edgeseg.budget.limits import Budgets
    from edgeseg.budget.times import Timing


class Format(StrEnum):
    """How a check is shown."""

    TABLE = "table"
    JSON = "json"
    JUNIT = "junit"
    GITHUB = "github"
    MARKDOWN = "markdown"


def check(
    target: Annotated[
        Path, typer.Argument(metavar="DIR|RESULTS", help="Folder of .tflite files, or the JSON of a bench.")
    ],
    budget: Annotated[Path, typer.Option(help="The limits.")] = Path("budgets.toml"),
    confirm: Annotated[
        Path | None,
        typer.Option(metavar="RESULTS", help="A second bench in the same way: a time counts if both exceed."),
    ] = None,
    update: Annotated[
        bool, typer.Option("--update", help="Record the values as the new baseline; check nothing.")
    ] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="With --update: drop the baseline of files that are gone.")
    ] = False,
    form: Annotated[
        Format | None,
        typer.Option("--format", help="How to show the check [default: table]."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As --format json.")] = False,
) -> None:
    """Check size, operators, memory, Dice and time of model files against budgets.

    Exit code 1 if a limit is broken; a sentence for each names file, metric, value, limit and excess. Dice
    and time need the results of `edgeseg bench`, and time a baseline of the same machine.
    """
    form = _form(form, as_json=as_json)
    _refuse_ignored(target, confirm, form, update=update, prune=prune)
    models, timing, second = _facts(target, confirm)
    if update:
        _update(models, timing, budget, prune=prune, as_json=form == Format.JSON)
    else:
        _check(models, timing, second, budget, form)


def _form(form: Format | None, *, as_json: bool) -> Format:
    if as_json and form not in (None, Format.JSON):
        raise ConfigError(f"--json and --format {form} ask for different things: give one of them")
    return Format.JSON if as_json else form or Format.TABLE


def _refuse_ignored(target: Path, confirm: Path | None, form: Format, *, update: bool, prune: bool) -> None:
    if prune and not update:
        raise ConfigError("--prune drops entries of the baseline: give --update too")
    if update and confirm:
        raise ConfigError("--confirm is for a check, and --update checks nothing: give one of them")
    if update and form not in (Format.TABLE, Format.JSON):
        raise ConfigError(f"--format {form} shows a check, and --update checks nothing: leave one out")
    if confirm and target.is_dir():
        raise ConfigError(
            f"--confirm is about times, and no model file holds one: check the JSON of a bench, not {target}"
        )


def _facts(target: Path, confirm: Path | None) -> tuple[list[ModelFacts], Timing | None, Timing | None]:
    from edgeseg.budget.facts import facts_of_folder, facts_of_result

    if target.is_dir():
        return facts_of_folder(target), None, None
    from edgeseg.bench.result_file import load_result
    from edgeseg.budget.times import refuse_unlike, timing_of_result

    result = load_result(target)
    models = facts_of_result(result)
    if confirm is None:
        return models, timing_of_result(result), None
    again = load_result(confirm)
    facts_of_result(again)  # refuses one in which a model failed
    refuse_unlike(result, again, path=confirm)
    return models, timing_of_result(result), timing_of_result(again)


def _update(
    models: list[ModelFacts], timing: Timing | None, path: Path, *, prune: bool, as_json: bool
) -> None:
    from edgeseg.budget.limits import parse_budgets, read_budgets
    from edgeseg.budget.update import new_budgets, update_baseline
    from edgeseg.files import write_text

    old = read_budgets(path) if path.exists() else None
    text, changes, gone = update_baseline(
        new_budgets(models) if old is None else old, models, path=path, timing=timing, prune=prune
    )
    if text != old:
        write_text(path, text)
    if as_json:
        console.say_json(
            {"budget": str(path), "changes": [change.to_dict() for change in changes], "dropped": gone}
        )
    else:
        console.say("\n".join([*map(str, changes), *(f"{name}: dropped from the baseline" for name in gone)]))
    done = "was up to date" if text == old else "made" if old is None else "updated"
    console.note(f"{path}: {done}")
    if timing and timing.doubts and parse_budgets(text, path=path).limit_times(models):
        console.note(f"note: times were not recorded: {timing.doubts[0]}")


def _check(
    models: list[ModelFacts], timing: Timing | None, second: Timing | None, path: Path, form: Format
) -> None:
    from edgeseg.budget.check import broken, check_budgets
    from edgeseg.budget.limits import load_budgets

    budgets = load_budgets(path)
    if second and not budgets.limit_times(models):
        raise ConfigError(f"--confirm is about times, and {path} has no limit on them: leave it out")
    judgements = check_budgets(models, budgets, timing=timing, second=second)
    console.say(_text(models, judgements, budgets, form).rstrip("\n"))
    for name in budgets.gone(models):
        console.note(f"note: {name} is in the baseline of {path}, but not here; --update --prune drops it")
    if broken(judgements):
        raise typer.Exit(1)


def _text(
    models: Sequence[ModelFacts], judgements: Sequence[Judgement], budgets: Budgets, form: Format
) -> str:
    if form == Format.JSON:
        return _json(models, judgements, budgets)
    if form == Format.JUNIT:
        from edgeseg.budget.junit import junit_xml

        return junit_xml(judgements)
    if form == Format.MARKDOWN:
        from edgeseg.budget.markdown import summary

        return summary(models, judgements, budgets)
    from edgeseg.budget.annotations import annotation_lines
    from edgeseg.budget.table import HEADER, table_rows, verdict_line

    if form == Format.GITHUB:
        lines = annotation_lines(models, judgements, budget=budgets.path)
    else:
        sentences = [judgement.sentence for judgement in judgements if judgement.sentence]
        lines = [console.table(HEADER, table_rows(models, judgements), left=(0, 1, 6)), "", *sentences]
    return "\n".join([*lines, verdict_line(models, judgements)])


def _json(models: Sequence[ModelFacts], judgements: Sequence[Judgement], budgets: Budgets) -> str:
    from edgeseg.budget.changes import find_changes
    from edgeseg.budget.check import broken
    from edgeseg.files import json_text

    return json_text(
        {
            "files": [{"file": model.name, **model.values} for model in models],
            "judgements": [judgement.to_dict() for judgement in judgements],
            "violations": [judgement.to_dict() for judgement in broken(judgements)],
            "changes": [change.to_dict() for change in find_changes(models, budgets.baseline)],
            "gone": budgets.gone(models),
        }
    )
