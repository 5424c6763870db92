"""Judgements as rows of a text table."""

from __future__ import annotations

from collections.abc import Sequence

from edgeseg.bench.readers import Value
from edgeseg.budget.facts import ModelFacts
from edgeseg.budget.judgement import Judgement
from edgeseg.budget.limited import format_change, format_value
from edgeseg.text import counted

HEADER = ("file", "metric", "value", "limit", "baseline", "change", "verdict")


def table_rows(models: Sequence[ModelFacts], judgements: Sequence[Judgement]) -> list[list[str]]:
    """A row for each limit on each file, and one for a file that none is on; `-` where nothing is known."""
    judged = {judgement.file for judgement in judgements}
    rows = [row_of(judgement) for judgement in judgements]
    return rows + [
        [model.name, "-", "-", "-", "-", "-", "no limit"] for model in models if model.name not in judged
    ]


def row_of(judgement: Judgement) -> list[str]:
    """One judgement in the columns of `HEADER`."""
    value, baseline = judgement.value, judgement.baseline
    change = "-"
    if value is not None and baseline is not None:
        change = format_change(judgement.limit.figure, baseline, value)
    return [
        judgement.file,
        judgement.label,
        _short(judgement, value),
        _short(judgement, judgement.bound),
        _short(judgement, baseline),
        change,
        judgement.verdict,
    ]


def _short(judgement: Judgement, value: Value | None) -> str:
    """Kinds are counted, since their names would widen the table; the sentence names what is new."""
    if value is None:
        return "-"
    return f"{len(value)} kinds" if isinstance(value, tuple) else format_value(judgement.limit.figure, value)


def verdict_line(models: Sequence[ModelFacts], judgements: Sequence[Judgement]) -> str:
    """`12 limits on 3 files: 1 broken, 2 not judged`, or `... all kept`."""
    counts = {
        verdict: sum(each.verdict == verdict for each in judgements)
        for verdict in ("broken", "unconfirmed", "not judged")
    }
    found = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
    return f"{counted(len(judgements), 'limit')} on {counted(len(models), 'file')}: {found or 'all kept'}"
