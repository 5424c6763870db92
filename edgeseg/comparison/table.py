"""A comparison as text: one table, for a terminal or in Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from edgeseg.bench.figure import Figure
from edgeseg.comparison.change import Change
from edgeseg.comparison.compare import Comparison
from edgeseg.markdown import escaped, listing, table

_HEADER = ("model", "runtime", "threads", "figure", "base", "new", "change", "95 %", "")

#: Columns that are text; the others are figures.
LEFT = ("model", "runtime", "figure", "")


def comparison_table(comparison: Comparison) -> tuple[list[str], list[list[str]]]:
    """Header and rows, as text; runtime and threads are left out where there is one of them.

    `change` is a factor (`x 0.514`) for bytes, operations and times, else a difference (`+0.0012`).
    """
    rows = [_row(change) for change in comparison.changes]
    single = [
        name for name in ("runtime", "threads")
        if len({row[_HEADER.index(name)] for row in rows} - {"-"}) < 2
    ]  # fmt: skip
    columns = [index for index, name in enumerate(_HEADER) if name not in single]
    return [_HEADER[index] for index in columns], [[row[index] for index in columns] for row in rows]


def _row(change: Change) -> list[str]:
    figure, interval = change.figure, change.interval
    return [
        change.model,
        change.runtime or "-",
        change.threads or "-",
        figure.title,
        _value(figure, change.base),
        _value(figure, change.new),
        _change(figure, change.change),
        " to ".join(_change(figure, end) for end in interval) if interval else "-",
        change.verdict,
    ]


def _value(figure: Figure[Any], value: float) -> str:
    return f"{value:,.{figure.digits}f}"


def _change(figure: Figure[Any], value: float) -> str:
    if figure.ratio:
        return f"x {value:.3f}"
    return f"{round(value, figure.digits) + 0.0:+.{figure.digits}f}"  # no -0.0


def heading(comparison: Comparison) -> str:
    """What is compared with what."""
    return f"{comparison.new} against {comparison.base}"


def remarks(comparison: Comparison) -> Iterator[str]:
    """What has no partner, was not alike, or is doubtful."""
    yield from comparison.alone
    for each in comparison.mismatches:
        yield f"allowed: {each.sentence(comparison.base, comparison.new)}"
    yield from comparison.notes


def markdown(comparison: Comparison) -> str:
    """Heading, table and remarks in Markdown, for a comment on a pull request; no newline at the end."""
    header, rows = comparison_table(comparison)
    left = [number for number, name in enumerate(header) if name in LEFT]
    lines = [
        f"**{escaped(heading(comparison))}**",
        "",
        *table(header, rows, text=left),
        *listing(remarks(comparison)),
    ]
    return "\n".join(lines).rstrip()
