"""How values scatter in each row: every sample counts in a strip, the darker the more of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgeseg.report.drawing import ACCENT, INK, SECOND, load_altair, log_ticks, svg

_LINE = 25

#: Parts of the axis; samples that fall into one are one mark.
_BINS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """One row of the chart.

    Attributes:
        label: of the row.
        samples: at least one.
        middle: the value that is marked with a line.
        text: what the row says in words.
        named: single values to show, with what they are.
    """

    label: str
    samples: Sequence[float]
    middle: float
    text: str
    named: Sequence[tuple[str, float]] = ()


def distribution(strips: Sequence[Strip], *, axis: str, logarithmic: bool, title: str) -> str | None:
    """An SVG element, or `None` without rows.

    Args:
        strips: the rows, from the top.
        axis: what the values are.
        logarithmic: whether equal ratios are equally far apart; all values must be above 0 then.
        title: what is seen, for those who do not see it.
    """
    if not strips:
        return None
    alt = load_altair()
    ends = _ends(strips, logarithmic=logarithmic)
    edges = (np.geomspace if logarithmic else np.linspace)(*ends, _BINS + 1)
    scale = alt.Scale(type="log" if logarithmic else "linear", domain=list(ends), nice=False, zero=False)
    y = alt.Y("label:N", title=None, sort=None)
    x = alt.X("low:Q", title=axis, scale=scale)
    x = x.axis(values=log_ticks(*ends), format=",.3~r") if logarithmic else x.axis(tickCount=6)
    boxes = [box for strip in strips for box in _boxes(strip, edges)]
    middles = [{"label": strip.label, "low": strip.middle, "text": strip.text} for strip in strips]
    named = [
        {"label": strip.label, "low": value, "text": f"{strip.label}: {name}"}
        for strip in strips
        for name, value in strip.named
    ]
    layers = [
        alt.Chart(alt.Data(values=boxes))
        .mark_bar(aria=False, height=16, color=ACCENT)
        .encode(x=x, x2="high:Q", y=y, opacity=alt.Opacity("share:Q", scale=None)),
        alt.Chart(alt.Data(values=middles))
        .mark_tick(color=INK, thickness=3, size=18)
        .encode(x=x, y=y, description="text:N"),
    ]
    if named:
        points = alt.Chart(alt.Data(values=named)).mark_point(filled=True, opacity=1, size=45, color=SECOND)
        layers.append(points.encode(x=x, y=y, description="text:N", shape=alt.value("triangle-up")))
    return svg(alt.layer(*layers), height=64 + _LINE * len(strips), title=title)


def _ends(strips: Sequence[Strip], *, logarithmic: bool) -> tuple[float, float]:
    values = [value for strip in strips for value in strip.samples]
    low, high = min(values), max(values)
    if logarithmic:
        return low / 1.05, high * 1.05
    room = 0.02 * (high - low) or 0.01
    return low - room, high + room


def _boxes(strip: Strip, edges: np.ndarray[Any, Any]) -> Iterator[dict[str, Any]]:
    counts, _ = np.histogram(strip.samples, bins=edges)
    for number in np.flatnonzero(counts):
        share = float(counts[number] / counts.max())
        yield {
            "label": strip.label,
            "low": float(edges[number]),
            "high": float(edges[number + 1]),
            "share": 0.25 + 0.75 * share,
        }
