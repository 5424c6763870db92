"""The kinds of charts that figures of a study are made of, as SVG (see `report.drawing`)."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from edgeseg.metrics.statistics import Interval
from edgeseg.report.drawing import ACCENT, INK, load_altair, svg

#: Colours of the page, for up to eight series; shapes and dashes tell them apart as well.
_COLOURS = [f"var(--series-{number})" for number in range(1, 9)]
_SHAPES = ["circle", "square", "triangle-up", "diamond", "triangle-down", "cross", "triangle-right", "stroke"]
_DASHES = [[1, 0], [6, 2], [2, 2], [8, 2, 2, 2]]

#: Pixels: a line of the legend, a row of tiles.
_LINE, _ROW = 15, 20


@dataclass(frozen=True, slots=True)
class Curve:
    """One line: a name, and its points from left to right."""

    name: str
    points: Sequence[tuple[float, float]]


def curves(lines: Sequence[Curve], *, x: str, y: str, title: str) -> str:
    """Lines over whole numbers (epochs).

    Args:
        lines: up to eight, each with at least one point.
        x: what is on the horizontal axis.
        y: what is on the vertical one.
        title: what is seen, for those who do not see it.
    """
    alt = load_altair()
    data = [{"name": line.name, "x": a, "y": b} for line in lines for a, b in line.points]
    ends = [
        {"name": line.name, "x": line.points[-1][0], "y": line.points[-1][1],
         "text": f"{line.name}: {line.points[-1][1]:.4f} in the end"}
        for line in lines
    ]  # fmt: skip
    names = [line.name for line in lines]
    legend = alt.Legend(orient="top", columns=2, symbolType="stroke", symbolStrokeWidth=2, symbolSize=300)
    colour = alt.Color("name:N", title=None, sort=names, scale=_series(alt, names), legend=legend)
    dash = alt.StrokeDash("name:N", sort=names, title=None, legend=legend, scale=_dashes(alt, names))
    axes = {
        "x": alt.X("x:Q", title=x, axis=alt.Axis(tickMinStep=1, format="d")),
        "y": alt.Y("y:Q", title=y, scale=alt.Scale(zero=False)),
    }
    drawn = alt.Chart(alt.Data(values=data)).mark_line(aria=False, strokeWidth=1.8)
    last = alt.Chart(alt.Data(values=ends)).mark_point(filled=True, size=45, opacity=1)
    layers = alt.layer(
        drawn.encode(**axes, color=colour, strokeDash=dash),
        last.encode(**axes, color=colour, description="text:N"),
    )
    return svg(layers, height=260 + _LINE * ((len(lines) + 1) // 2), title=title)


@dataclass(frozen=True, slots=True)
class Dot:
    """One value of a row and a series, with its interval."""

    row: str
    series: str
    value: float
    interval: Interval | None


def dots(marks: Sequence[Dot], *, axis: str, title: str) -> str:
    """Rows of points with whiskers, the series of a row one below the other.

    Args:
        marks: at least one; up to eight series.
        axis: what the value is.
        title: what is seen, for those who do not see it.
    """
    alt = load_altair()
    rows, names = (list(dict.fromkeys(getattr(mark, each) for mark in marks)) for each in ("row", "series"))
    data = [
        {"row": mark.row, "name": mark.series, "value": mark.value,
         "low": (mark.interval or (mark.value,) * 2)[0], "high": (mark.interval or (mark.value,) * 2)[1],
         "text": f"{mark.row}, {mark.series}: {mark.value:.4f}"}
        for mark in marks
    ]  # fmt: skip
    chart = alt.Chart(alt.Data(values=data))
    colour = alt.Color("name:N", title=None, sort=names, scale=_series(alt, names), legend=_legend(alt))
    shape = alt.Shape("name:N", title=None, sort=names, legend=_legend(alt),
                      scale=alt.Scale(domain=names, range=_SHAPES[: len(names)]))  # fmt: skip
    scale = alt.Scale(zero=False, nice=True)
    y = alt.Y("row:N", title=None, sort=rows, scale=alt.Scale(paddingInner=0.25))
    offset = alt.YOffset("name:N", sort=names)
    layers = alt.layer(
        chart.mark_rule(aria=False, strokeWidth=1.5).encode(
            x=alt.X("low:Q", title=axis, scale=scale), x2="high:Q", y=y, yOffset=offset, color=colour
        ),
        chart.mark_point(filled=True, size=60, opacity=1).encode(
            x=alt.X("value:Q", title=axis, scale=scale),
            y=y, yOffset=offset, color=colour, shape=shape, description="text:N",
        ),
    )  # fmt: skip
    return svg(layers, height=70 + 13 * len(rows) * len(names) + _LINE, title=title)


@dataclass(frozen=True, slots=True)
class Tile:
    """One value of a row and a column."""

    row: str
    column: str
    value: float


def heat_map(tiles: Sequence[Tile], *, title: str) -> str:
    """Values as tiles, with the figures in them; in each column, the stronger the more others are less.

    By rank, since by value one that is far below the others would leave them all alike.

    Args:
        tiles: at least one.
        title: what is seen, for those who do not see it.
    """
    alt = load_altair()
    rows, columns = (list(dict.fromkeys(getattr(tile, each) for tile in tiles)) for each in ("row", "column"))
    values = {column: sorted(tile.value for tile in tiles if tile.column == column) for column in columns}
    data = [
        {"row": tile.row, "column": tile.column, "shown": f"{tile.value:.4f}",
         "strength": _strength(tile.value, values[tile.column]),
         "text": f"{tile.row}, {tile.column}: {tile.value:.4f}"}
        for tile in tiles
    ]  # fmt: skip
    chart = alt.Chart(alt.Data(values=data))
    x = alt.X("column:N", title=None, sort=columns, axis=alt.Axis(orient="top", labelAngle=0))
    y = alt.Y("row:N", title=None, sort=rows)
    layers = alt.layer(
        chart.mark_rect(color=ACCENT).encode(
            x=x, y=y, opacity=alt.Opacity("strength:Q", scale=None), description="text:N"
        ),
        chart.mark_text(aria=False, color=INK).encode(x=x, y=y, text="shown:N"),
    )
    return svg(layers, height=40 + _ROW * len(rows), title=title)


def _strength(value: float, ranked: Sequence[float]) -> float:
    """Faint for the least of `ranked`, and never so strong that the figure cannot be read."""
    return 0.05 + 0.5 * bisect.bisect_left(ranked, value) / max(1, len(ranked) - 1)


def _series(alt: Any, names: Sequence[str]) -> Any:
    return alt.Scale(domain=list(names), range=_COLOURS[: len(names)])


def _dashes(alt: Any, names: Sequence[str]) -> Any:
    return alt.Scale(domain=list(names), range=[_DASHES[number % 4] for number in range(len(names))])


def _legend(alt: Any) -> Any:
    return alt.Legend(orient="top", columns=4)
