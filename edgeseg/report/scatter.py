"""Dice over what it costs: the plot that shows which files no other beats."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from edgeseg.report.drawing import ACCENT, GRID, INK, MUTED, load_altair, log_ticks, svg
from edgeseg.report.rows import Row

_HEIGHT = 300

#: Pixels from one label to the next, at least.
_LINE = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What is on the horizontal axis.

    Attributes:
        name: of `Row.values`.
        title: of the axis.
        scale: from the value to what is shown.
        front: how `Row.values["front"]` calls it.
    """

    name: str
    title: str
    scale: float
    front: str


BYTES = Cost(name="file_bytes", title="kB of the file as shipped", scale=1e-3, front="bytes")
TIME = Cost(name="p50_ms", title="ms of one inference, median", scale=1, front="time")


def scatter(rows: Sequence[Row], cost: Cost, *, title: str) -> str | None:
    """An SVG element, or `None` where no row has both Dice and cost.

    Whiskers are the 95 % interval of the difference from the reference, on the same images, about the
    reference's Dice: the images being the same for all files, that is what tells them apart.

    Args:
        rows: of one setting.
        cost: what Dice is drawn over.
        title: what is seen, for those who do not see it.
    """
    points = sorted(_points(rows, cost), key=lambda point: point["front"])  # the front lies on top
    if not points:
        return None
    alt = load_altair()
    domain = _domain(points)
    x = alt.X("cost:Q", title=cost.title).scale(type="log", domain=domain, nice=False)
    x = x.axis(values=log_ticks(*domain), format=",.3~r")
    lowest, highest = (
        choose(point[end] for point in points) for choose, end in ((min, "low"), (max, "high"))
    )
    room = 0.08 * (highest - lowest) or 0.01
    scale = alt.Scale(domain=[lowest - room, highest + room], zero=False, nice=False)
    y = alt.Y("dice:Q", title="Dice", scale=scale)
    data = alt.Data(values=points)
    chart = alt.Chart(data)
    best = alt.Chart(data).transform_filter("datum.front")
    colour = alt.when("datum.front").then(alt.value(ACCENT)).otherwise(alt.value(MUTED))
    layers = (
        best.mark_line(interpolate="step-after", color=ACCENT, strokeDash=[4, 3], aria=False).encode(
            x=x, y=y
        ),
        chart.mark_rule(aria=False, opacity=0.6).encode(x=x, y=alt.Y("low:Q"), y2="high:Q", color=colour),
        chart.mark_point(filled=True, size=90, opacity=1, stroke=GRID, strokeWidth=1).encode(
            x=x, y=y, fill=colour, description="text:N", shape=_shape(alt)
        ),
        best.mark_text(aria=False, align="left", dx=9, color=INK)
        .transform_filter("!datum.right")
        .encode(x=x, y=alt.Y("place:Q"), text="label:N"),
        best.mark_text(aria=False, align="right", dx=-9, color=INK)
        .transform_filter("datum.right")
        .encode(x=x, y=alt.Y("place:Q"), text="label:N"),
    )
    _place_labels(points, (highest - lowest + 2 * room) / _HEIGHT * _LINE)
    return svg(alt.layer(*layers), height=_HEIGHT, title=title)


def _shape(alt: Any) -> Any:
    """Not by colour alone."""
    return alt.when("datum.front").then(alt.value("diamond")).otherwise(alt.value("circle"))


def _points(rows: Sequence[Row], cost: Cost) -> Iterator[dict[str, Any]]:
    for row in rows:
        value, dice = row.number(cost.name), row.number("dice_pooled")
        if value is None or dice is None:
            continue
        best = cost.front in str(row.values["front"]).split(", ")
        interval = row.change.interval if row.change else None
        low, high = (row.change.base + end if row.change else dice for end in interval or (0.0, 0.0))
        unit = cost.title.partition(" ")[0]
        yield {
            "cost": value * cost.scale, "dice": dice, "front": best, "label": row.label,
            "low": low if interval else dice, "high": high if interval else dice,
            "text": f"{row.label}: {value * cost.scale:,.2f} {unit}, Dice {dice:.4f}"
            + (", on the Pareto front" if best else ""),
        }  # fmt: skip


def _domain(points: Sequence[dict[str, Any]]) -> tuple[float, float]:
    """With room at both ends, and some where all files cost the same."""
    costs = [math.log(point["cost"]) for point in points]
    room = 0.08 * (max(costs) - min(costs)) or 0.5
    return math.exp(min(costs) - room), math.exp(max(costs) + room)


def _place_labels(points: Sequence[dict[str, Any]], line: float) -> None:
    """Say where the names on the front stand: beside their points, none upon another, inside the chart.

    Args:
        points: of the chart; gets `place` (in Dice) and `right` (whether the name is left of the point).
        line: the height of a line of text, in Dice.
    """
    low, high = (math.log(end) for end in _domain(points))
    lowest = -math.inf
    for point in sorted(points, key=lambda each: each["dice"]):
        point["right"] = (math.log(point["cost"]) - low) / (high - low) > 0.55
        point["place"] = max(point["dice"], lowest) if point["front"] else point["dice"]
        lowest = point["place"] + line if point["front"] else lowest
