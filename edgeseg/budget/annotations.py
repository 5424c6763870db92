"""Judgements as workflow commands of GitHub Actions, which it shows beside a pull request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from edgeseg.budget.facts import ModelFacts
from edgeseg.budget.judgement import Judgement


def annotation_lines(
    models: Sequence[ModelFacts], judgements: Sequence[Judgement], *, budget: Path
) -> list[str]:
    """A line for each broken limit, and a notice for each that was not judged or not confirmed.

    Args:
        models: for the paths of the files.
        judgements: of them.
        budget: the budgets.toml, named where a file's path is not known: bench results hold none.
    """
    paths = {model.name: model.path or budget for model in models}
    return [_command(judgement, paths) for judgement in judgements if judgement.verdict != "ok"]


def _command(judgement: Judgement, paths: Mapping[str, Path]) -> str:
    command = "error" if judgement.verdict == "broken" else "notice"
    title = f"{judgement.limit.key} {judgement.verdict}"
    file = escape_property(paths[judgement.file].as_posix())
    return f"::{command} file={file},title={escape_property(title)}::{escape_data(judgement.sentence)}"


def escape_data(text: str) -> str:
    """Text behind the `::`: on one line."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def escape_property(text: str) -> str:
    """The value of a property, which also ends at a comma or a colon."""
    return escape_data(text).replace(":", "%3A").replace(",", "%2C")
