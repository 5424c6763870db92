"""A summary for a pull request: what is broken, and what changed against the baseline, biggest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from edgeseg.budget.changes import BaselineChange, find_changes
from edgeseg.budget.facts import ModelFacts
from edgeseg.budget.judgement import Judgement
from edgeseg.budget.limits import Budgets
from edgeseg.budget.table import verdict_line
from edgeseg.markdown import code, escaped

#: GitHub takes 65,536 characters as a comment; the rest is left to who else writes into it.
MOST_CHARACTERS = 60_000
#: More rows are not read.
MOST_ROWS = 40


def summary(models: Sequence[ModelFacts], judgements: Sequence[Judgement], budgets: Budgets) -> str:
    """GitHub's Markdown with a trailing newline, shorter than `MOST_CHARACTERS`.

    Args:
        models: what was judged.
        judgements: of them.
        budgets: with the baseline that changes are counted from.
    """
    broken = [each for each in judgements if each.verdict == "broken"]
    others = [each for each in judgements if each.verdict in ("unconfirmed", "not judged")]
    state = "a limit is broken" if broken else "within all limits"
    blocks = [
        [f"### edgeseg check: {state}", "", f"{verdict_line(models, judgements)}.", ""],
        _listing(map(_sentence, broken)),
        _changed(find_changes(models, budgets.baseline)),
        _listing(
            f"Not in the baseline: {code(model.name)}"
            for model in models
            if model.name not in budgets.baseline
        ),
        _listing(f"In the baseline, but not here: {code(name)}" for name in budgets.gone(models)),
        _listing(map(_sentence, others)),
    ]
    return _fitting([line for block in blocks for line in block])


def _listing(items: Iterable[str]) -> list[str]:
    lines = [f"- {item}" for item in items]
    if len(lines) > MOST_ROWS:
        lines = [*lines[:MOST_ROWS], f"- and {len(lines) - MOST_ROWS} more"]
    return [*lines, ""] if lines else []


def _changed(changes: Sequence[BaselineChange]) -> list[str]:
    known = sorted((each for each in changes if each.old is not None), key=lambda each: -each.size)
    if not known:
        return ["Nothing differs from the baseline.", ""]
    lines = ["| file | metric | baseline | now | change |", "|---|---|---:|---:|---:|"]
    lines += [
        f"| {code(each.file)} | {' | '.join(map(escaped, each.cells()))} |" for each in known[:MOST_ROWS]
    ]
    if len(known) > MOST_ROWS:
        lines += ["", f"And {len(known) - MOST_ROWS} smaller changes."]
    return [*lines, ""]


def _sentence(judgement: Judgement) -> str:
    return code(judgement.file) + escaped(judgement.sentence.removeprefix(judgement.file))


def _fitting(lines: Sequence[str]) -> str:
    """As many lines as fit, and a last one where some do not."""
    ending = "\nThe rest is left out: it is too long.\n"
    text = ""
    for line in lines:
        if len(text) + len(line) + 1 > MOST_CHARACTERS - len(ending):
            return text + ending
        text += line + "\n"
    return text.rstrip("\n") + "\n"
