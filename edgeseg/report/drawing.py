"""Charts as SVG: Altair describes them, Vega (inside vl-convert) draws them, here and not in the page.

So the page holds no chart library, opens at once and works without scripts. Colours are the page's own
CSS variables: dark and light need no second chart. What a mark says is its `aria-label`; the page's
script shows it for pointer and keyboard.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from edgeseg.errors import MissingDependencyError

if TYPE_CHECKING:
    import altair as alt

#: Pixels; the page makes charts wider where there is room.
WIDTH = 440

INK, MUTED, GRID, ACCENT, SECOND = (f"var(--{name})" for name in ("ink", "muted", "grid", "accent", "second"))

_FONT = "Arial, Liberation Sans, Helvetica, sans-serif"


def load_altair() -> Any:
    """The module `altair`, which is part of an extra.

    Raises:
        MissingDependencyError: it, or what draws its charts, is not installed.
    """
    try:
        import altair as alt
        import vl_convert  # noqa: F401  needed later: say so before the work
    except ImportError as error:
        raise extra_is_missing(error) from error
    return alt


def extra_is_missing(error: ImportError) -> MissingDependencyError:
    """What to do where a part of the extra `report` is not installed."""
    return MissingDependencyError(
        f"the page needs {error.name}, which is not installed: pip install 'edgeseg[report]', or write "
        "the report as .md or .csv"
    )


def log_ticks(low: float, high: float) -> list[float]:
    """Round numbers between the ends of a logarithmic axis: some three to eight, far enough apart."""
    for steps in ((1.0,), (1.0, 2.0, 5.0), (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)):
        ticks = [step * 10.0**power for power in range(-6, 10) for step in steps]
        found = [tick for tick in ticks if low <= tick <= high]
        if len(found) >= 3:
            return found
    return [low, math.sqrt(low * high), high]


def svg(chart: alt.LayerChart, *, height: int, title: str) -> str:
    """An SVG element `WIDTH` wide and `height` high, with `title` as its description."""
    import vl_convert

    axis: dict[str, Any] = {
        "labelColor": INK, "titleColor": INK, "gridColor": GRID, "domainColor": MUTED, "tickColor": MUTED,
        "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "labelLimit": 180,
        "labelFont": _FONT, "titleFont": _FONT,
    }  # fmt: skip
    ready = (
        chart.properties(
            width=WIDTH, height=height, background="transparent", description=title,
            autosize={"type": "fit", "contains": "padding"},
        )
        .configure_axis(**axis)
        .configure_legend(labelColor=INK, labelFont=_FONT, labelFontSize=12, labelLimit=220)
        .configure_text(font=_FONT, fontSize=12, color=INK)
        .configure_view(stroke=None)
    )  # fmt: skip
    # As text, since Vega takes no name with bytes that are no UTF-8.
    text = json.dumps(ready.to_dict(), ensure_ascii=False).encode(errors="replace").decode()
    return str(vl_convert.vegalite_to_svg(text))
