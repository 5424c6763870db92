"""By how much each file differs from the reference, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edgeseg.comparison.change import Change
from edgeseg.report.answer import accepted, difference
from edgeseg.report.drawing import ACCENT, MUTED, SECOND, load_altair, svg
from edgeseg.report.rows import Row

_LINE = 25


def forest(rows: Sequence[Row], *, within: float, title: str) -> str | None:
    """An SVG element: a line for each file with its change of Dice and the interval; `None` without any.

    Args:
        rows: of one setting.
        within: the loss that is accepted, drawn as a line.
        title: what is seen, for those who do not see it.
    """
    points = [_point(row, change, within) for row in rows if (change := row.change)]
    if not points:
        return None
    alt = load_altair()
    y = alt.Y("label:N", title=None, sort=None)
    lowest, highest = min(point["low"] for point in points), max(point["high"] for point in points)
    scale = alt.Scale(domain=[min(-1.1 * within, lowest), max(0.2 * within, highest)])
    x = alt.X("change:Q", title="change of Dice, 95 % interval", scale=scale).axis(tickCount=6)
    chart = alt.Chart(alt.Data(values=points))
    colour = alt.when("datum.accepted").then(alt.value(ACCENT)).otherwise(alt.value(SECOND))
    shape = alt.when("datum.accepted").then(alt.value("circle")).otherwise(alt.value("triangle-down"))
    limits = [
        alt.Chart(alt.Data(values=[{"change": at}]))
        .mark_rule(aria=False, color=MUTED, strokeDash=dash)
        .encode(x=x)
        for at, dash in ((0, [1, 0]), (-within, [4, 3]))
    ]
    layers = (
        *limits,
        chart.mark_rule(aria=False, strokeWidth=2).encode(x=alt.X("low:Q"), x2="high:Q", y=y, color=colour),
        chart.mark_point(filled=True, size=80, opacity=1).encode(
            x=x, y=y, fill=colour, shape=shape, description="text:N"
        ),
    )
    return svg(alt.layer(*layers), height=64 + _LINE * len(points), title=title)


def _point(row: Row, change: Change, within: float) -> dict[str, Any]:
    low, high = change.interval or (change.change, change.change)
    return {
        "label": row.label,
        "change": change.change,
        "low": low,
        "high": high,
        "accepted": accepted(change, within),
        "text": f"{row.label}: {difference(row, row.change)}",
    }
