"""F1 of every cell over its bytes and its time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edgeseg.report.figures import Figure
from edgeseg.report.scatter import BYTES, TIME, Point, scatter
from edgeseg.study.report.rows import Cell


def cost_figures(cells: Sequence[Cell]) -> Iterator[Figure]:
    """Two figures: over bytes, over time."""
    for cost in (BYTES, TIME):
        points = [
            Point(
                label=cell.label,
                cost=cell.number(cost.name),
                dice=cell.number("dice"),
                front=cost.front in str(cell.values["front"]).split(", "),
                interval=None,
            )
            for cell in cells
        ]
        title = f"F1 over {cost.front}: each cell as a point"
        drawn = scatter(points, cost, title=title, y_title="F1, mean over the test images")
        if drawn:
            yield Figure(
                drawn,
                title,
                "Diamonds, joined and named: the Pareto front, no other cell is as cheap and as good.",
            )
