"""The best cell by what it finds, by its bytes, and by its time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edgeseg.host.study.findings.cells import Cell

#: A cell may find so much less than the best one (F1, 0 to 1) and still be chosen for its cost.
WITHIN = 0.01

#: How the smallest and the fastest are chosen, in a sentence.
RULE = (
    f"The smallest and the fastest are chosen among cells whose F1 is within {WITHIN:g} of the best; none of "
    "the three breaks a budget of the study."
)


def best_cells(cells: Sequence[Cell]) -> Iterator[tuple[str, Cell]]:
    """Three sentences' beginnings, each with a cell: best F1; smallest and fastest of those near it.

    Args:
        cells: at least one.
    """
    best = max(cells, key=lambda cell: cell.f1)
    near = [cell for cell in cells if cell.f1 >= best.f1 - WITHIN]
    yield "Finds the most", best
    yield "Smallest", min(near, key=lambda cell: cell.costs.file_bytes)
    yield "Fastest", min(near, key=lambda cell: cell.costs.p50_ms)


def facts(cell: Cell) -> str:
    """What a cell finds and costs, in words."""
    costs = cell.costs
    return f"F1 {cell.f1:.4f}, {costs.file_bytes / 1000:,.1f} kB as shipped, {costs.p50_ms:,.2f} ms"
