"""A comparison as text: one table, for a terminal or in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edgeseg.comparison.change import Change, Metric
from edgeseg.comparison.compare import Comparison

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
    metric, interval = change.metric, change.interval
    return [
        change.model,
        change.runtime or "-",
        change.threads or "-",
        metric.title,
        _value(metric, change.base),
        _value(metric, change.new),
        _change(metric, change.change),
        " to ".join(_change(metric, end) for end in interval) if interval else "-",
        change.verdict,
    ]


def _digits(metric: Metric) -> int:
    if metric.name == "agreement":
        return 5  # of 50 million pixels, a thousand count
    return {"share": 4, "ms": 3, "MB": 1}.get(metric.unit, 0)


def _value(metric: Metric, value: float) -> str:
    return f"{value:,.{_digits(metric)}f}"


def _change(metric: Metric, value: float) -> str:
    if metric.ratio:
        return f"x {value:.3f}"
    digits = _digits(metric)
    return f"{round(value, digits) + 0.0:+.{digits}f}"  # no -0.0


def heading(comparison: Comparison) -> str:
    """What is compared with what."""
    return f"{comparison.new} against {comparison.base}"


def remarks(comparison: Comparison) -> Iterator[str]:
    """What has no partner, was not alike, or is doubtful."""
    yield from comparison.alone
    for each in comparison.otherwise:
        yield f"allowed: {each.sentence(comparison.base, comparison.new)}"
    yield from comparison.notes


def markdown(comparison: Comparison) -> str:
    """Heading, table and remarks in Markdown, for a comment on a pull request; no newline at the end."""
    header, rows = comparison_table(comparison)
    rule = [":--" if name in LEFT else "--:" for name in header]
    lines = ["| " + " | ".join(_cells(row)) + " |" for row in (header, rule, *rows)]
    notes = [f"- {_plain(remark)}" for remark in remarks(comparison)]
    return "\n".join([f"**{_plain(heading(comparison))}**", "", *lines, *([""] if notes else []), *notes])


def _cells(row: Sequence[str]) -> list[str]:
    return [_plain(cell) for cell in row]


def _plain(text: str) -> str:
    """Nothing in a file's name or a failure's reason is Markdown."""
    return "".join(f"\\{char}" if char in "\\`*_|<>[]" else char for char in " ".join(text.split()))
