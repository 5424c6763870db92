"""Dice over what it costs: the plot that shows which files no other beats."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from edgeseg.bench.figure import Figure
from edgeseg.bench.figures import DICE, FILE_BYTES, P50
from edgeseg.metrics.statistics import Interval
from edgeseg.report.drawing import ACCENT, GRID, INK, MUTED, load_altair, log_ticks, svg
from edgeseg.report.rows import Row

_HEIGHT = 300

#: Pixels from one label to the next, at least.
_LINE = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What is on the horizontal axis.

    Attributes:
        figure: what it costs.
        title: of the axis.
        front: how `Row.values["front"]` calls it.
    """

    figure: Figure[Any]
    title: str
    front: str

    @property
    def scale(self) -> float:
        """From the value to what is shown."""
        return self.figure.column.scale if self.figure.column else 1


BYTES = Cost(figure=FILE_BYTES, title="kB of the file as shipped", front="bytes")
TIME = Cost(figure=P50, title="ms of one inference, median", front="time")


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A file.

    Attributes:
        label: what to call it.
        cost: as in `Row.values`.
        dice: what it finds, 0 to 1.
        interval: of that; None: no whiskers.
        front: whether it is on the Pareto front.
    """

    label: str
    cost: float
    dice: float
    interval: Interval | None
    front: bool


def file_points(rows: Sequence[Row], cost: Cost) -> Iterator[Point]:
    """The rows of one setting that have both Dice and cost.

    Whiskers are the 95 % interval of the difference from the reference, on the same images, about the
    reference's Dice: the images being the same for all files, that is what tells them apart.
    """
    for row in rows:
        value, dice = row.number(cost.figure), row.number(DICE)
        if value is None or dice is None:
            continue
        interval = row.change.interval if row.change else None
        yield Point(
            label=row.label,
            cost=value,
            dice=dice,
            interval=(row.change.base + interval[0], row.change.base + interval[1])
            if row.change and interval
            else None,
            front=cost.front in str(row.values["front"]).split(", "),
        )


def scatter(files: Iterable[Point], cost: Cost, *, title: str, y_title: str = "Dice") -> str | None:
    """An SVG element, or `None` without points.

    Args:
        files: in any order.
        cost: what Dice is drawn over.
        title: what is seen, for those who do not see it.
        y_title: what is on the vertical axis.
    """
    # The front lies on top.
    points = [_datum(file, cost) for file in sorted(files, key=lambda file: file.front)]
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
    y = alt.Y("dice:Q", title=y_title, scale=scale)
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


def _datum(file: Point, cost: Cost) -> dict[str, Any]:
    value, unit = file.cost * cost.scale, cost.title.partition(" ")[0]
    low, high = file.interval or (file.dice, file.dice)
    best = ", on the Pareto front" if file.front else ""
    return {
        "cost": value, "dice": file.dice, "low": low, "high": high, "front": file.front, "label": file.label,
        "text": f"{file.label}: {value:,.2f} {unit}, Dice {file.dice:.4f}{best}",
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
