"""A value over time, as a line with its points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edgeseg.report.drawing import ACCENT, GRID, load_altair, svg

_HEIGHT = 240

#: With more points than this they would be one band, and the page large; the line alone is drawn.
MOST_POINTS = 400


def line(
    x: Sequence[float], y: Sequence[float], texts: Sequence[str], *, x_title: str, y_title: str, title: str
) -> str:
    """An SVG element.

    Args:
        x: where the points stand, upwards; at least one.
        y: their values, from 0 on.
        texts: what each point says.
        x_title: of the horizontal axis.
        y_title: of the vertical one.
        title: what is seen, for those who do not see it.
    """
    alt = load_altair()
    values: list[dict[str, Any]] = [
        {"x": at, "y": value, "text": text} for at, value, text in zip(x, y, texts, strict=True)
    ]
    chart = alt.Chart(alt.Data(values=values)).encode(
        x=alt.X("x:Q", title=x_title, scale=alt.Scale(zero=False, nice=False, padding=8)),
        y=alt.Y("y:Q", title=y_title, scale=alt.Scale(zero=True)).axis(
            format="~s" if max(y) >= 1e4 else ",~r"
        ),
    )
    layers = [chart.mark_line(color=ACCENT, strokeWidth=2, aria=False)]
    if len(x) <= MOST_POINTS:
        size = 60 if len(x) <= 60 else 25
        layers.append(
            chart.mark_point(
                filled=True, size=size, opacity=1, color=ACCENT, stroke=GRID, strokeWidth=1
            ).encode(description="text:N")
        )
    return svg(alt.layer(*layers), height=_HEIGHT, title=title)
