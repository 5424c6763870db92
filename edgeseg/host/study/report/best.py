"""The best cell by what it finds, by its bytes, and by its time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edgeseg.host.study.report.rows import Cell

#: A cell may find so much less than the best one (F1, 0 to 1) and still be chosen for its cost.
WITHIN = 0.01


def best_cells(cells: Sequence[Cell]) -> Iterator[tuple[str, Cell]]:
    """Three sentences' beginnings, each with a cell: best F1; smallest and fastest of those near it.

    Args:
        cells: at least one.
    """
    best = max(cells, key=lambda cell: cell.number("dice"))
    near = [cell for cell in cells if cell.number("dice") >= best.number("dice") - WITHIN]
    yield "Finds the most", best
    yield "Smallest", min(near, key=lambda cell: cell.number("file_bytes"))
    yield "Fastest", min(near, key=lambda cell: cell.number("p50_ms"))


def facts(cell: Cell) -> str:
    """What a cell finds and costs, in words."""
    return (
        f"F1 {cell.number('dice'):.4f}, {cell.number('file_bytes') / 1000:,.1f} kB as shipped, "
        f"{cell.number('p50_ms'):,.2f} ms"
    )


def rule() -> str:
    """How the smallest and the fastest are chosen, in a sentence."""
    return (
        "The smallest and the fastest are chosen among cells whose F1 is within "
        f"{WITHIN:g} of the best; none of the three breaks a budget of the study."
    )
