"""`edgeseg check`: model files against budgets.toml."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgeseg.cli import console

if TYPE_CHECKING:
    from edgeseg.budget.facts import ModelFacts


def check(
    target: Annotated[
        Path, typer.Argument(metavar="DIR|RESULTS", help="Folder of .tflite files, or the JSON of a bench.")
    ],
    budget: Annotated[Path, typer.Option(help="The limits.")] = Path("budgets.toml"),
    update: Annotated[
        bool, typer.Option("--update", help="Record the values as the new baseline; check nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Check bytes, operators, partitions and Dice of model files against budgets.

    Exit code 1 if a limit is broken; each such line names file, metric, limit, value and excess. Dice
    needs the results of `edgeseg bench --data`.
    """
    models = _facts(target)
    if update:
        _update(models, budget, as_json=as_json)
    else:
        _check(models, budget, as_json=as_json)


def _facts(target: Path) -> list[ModelFacts]:
    from edgeseg.budget.facts import facts_of_folder, facts_of_result

    if target.is_dir():
        return facts_of_folder(target)
    from edgeseg.bench.result import load_result

    return facts_of_result(load_result(target))


def _update(models: list[ModelFacts], path: Path, *, as_json: bool) -> None:
    from edgeseg.budget.limits import read_budgets
    from edgeseg.budget.update import update_baseline
    from edgeseg.files import write_text

    old = read_budgets(path) if path.exists() else None
    text, changes = update_baseline(old, models, path=path)
    if text != old:
        write_text(path, text)
    if as_json:
        console.say_json({"budget": str(path), "changes": [change.to_dict() for change in changes]})
        return
    for change in changes:
        console.say(str(change))
    console.note(f"{'made' if old is None else 'updated'} {path}" if changes else f"{path} was up to date")


def _check(models: list[ModelFacts], path: Path, *, as_json: bool) -> None:
    from edgeseg.budget.check import applying, check_budgets
    from edgeseg.budget.limits import load_budgets

    budgets = load_budgets(path)
    violations = check_budgets(models, budgets)
    if as_json:
        files = [{"file": model.name, **model.values} for model in models]
        console.say_json({"files": files, "violations": [violation.to_dict() for violation in violations]})
    else:
        for model in models:
            broken = [str(violation) for violation in violations if violation.file == model.name]
            fine = "ok" if applying(model, budgets) else "no limit applies"
            console.say("\n".join(broken or [f"{model.name}: {fine}"]))
    if violations:
        raise typer.Exit(1)
