"""F1 of every cell over its bytes and its time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edgeseg.host.study.report.rows import Cell
from edgeseg.report.figures import Figure
from edgeseg.report.scatter import BYTES, TIME, Point, scatter

#: Cells that find so much less than the best one would press the others together, and nobody ships them.
_SHOWN_WITHIN = 0.1


def cost_figures(cells: Sequence[Cell]) -> Iterator[Figure]:
    """Two figures: over bytes, over time."""
    least = max(cell.number("dice") for cell in cells) - _SHOWN_WITHIN
    shown = [cell for cell in cells if cell.number("dice") >= least]
    caption = "Diamonds, joined and named: the Pareto front, no other cell is as cheap and as good."
    if len(shown) < len(cells):
        left = ", ".join(cell.label for cell in cells if cell not in shown)
        caption += f" Not shown, more than {_SHOWN_WITHIN:g} below the best: {left}."
    for cost in (BYTES, TIME):
        points = [
            Point(
                label=cell.label,
                cost=cell.number(cost.figure.key),
                dice=cell.number("dice"),
                front=cost.front in str(cell.values["front"]).split(", "),
                interval=None,
            )
            for cell in shown
        ]
        title = f"F1 over {cost.front}: each cell as a point"
        drawn = scatter(points, cost, title=title, y_title="F1, mean over the test images")
        if drawn:
            yield Figure(drawn, title, caption)
