"""A comparison as text: one table, for a terminal or in Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from edgeseg.comparison.change import Change, Metric
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
    left = [number for number, name in enumerate(header) if name in LEFT]
    lines = [
        f"**{escaped(heading(comparison))}**",
        "",
        *table(header, rows, text=left),
        *listing(remarks(comparison)),
    ]
    return "\n".join(lines).rstrip()
