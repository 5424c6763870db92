"""The report of a study as one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edgeseg.bench.result import Panel
from edgeseg.host.study.combination import GridNetwork
from edgeseg.host.study.figures import cost_figures, heat_figure, learning_figures
from edgeseg.host.study.findings.best import RULE, facts
from edgeseg.host.study.paper.claims import HOW_JUDGED
from edgeseg.host.study.paper.figures import paper_figures
from edgeseg.host.study.paper.table3 import NOTE
from edgeseg.host.study.report.contents import Contents, used_columns
from edgeseg.report.cells import DrawnCells, draw_cells, draw_true_cells
from edgeseg.report.charts import Chart
from edgeseg.report.drawing import load_altair
from edgeseg.report.masks import ColouredMask, colour_masks
from edgeseg.report.template import fill


def page(contents: Contents) -> str:
    """The text of the page.

    Raises:
        MissingDependencyError: the extra `report` is not installed.
        ResultError: a panel of a result is no image.
    """
    load_altair()
    results, rows = contents.results, contents.rows
    return fill(
        "study.html.jinja",
        folder=Path(__file__).parent,
        name=results.name,
        dataset=results.dataset,
        best=[(what, cell, facts(cell)) for what, cell in contents.choices],
        broken=contents.broken,
        rule=RULE,
        doubts=results.doubts,
        open=contents.open,
        paper=contents.paper,
        how_judged=HOW_JUDGED,
        paper_note=NOTE,
        rows=rows,
        columns=used_columns(contents.columns, rows),
        differences=contents.differences,
        costs=list(cost_figures(contents.cells)),
        groups=_figures(contents),
        panels=list(_panels(contents)),
        method=contents.method,
    )


def _figures(contents: Contents) -> list[tuple[str, list[Chart]]]:
    if contents.paper:
        return paper_figures(contents.results, contents.cells)
    return [
        ("Training", list(learning_figures(contents.results))),
        ("All cells", [heat_figure(contents.cells)]),
    ]


@dataclass(frozen=True, slots=True)
class _ShownPanel:
    """An image, its true cells where they are known, and masks and cells by what files are called."""

    panel: Panel
    masks: list[tuple[str, ColouredMask]]
    true_cells: DrawnCells | None
    cells: list[tuple[str, DrawnCells]]


def _panels(contents: Contents) -> Iterator[tuple[str, list[_ShownPanel]]]:
    """Images with the mask of every variant: of the first combination, and of what finds the most."""
    results = contents.results
    best = [cell.combination for _, cell in contents.choices[:1]]
    for combination in dict.fromkeys((results.plan.combinations[0], *best)):
        network = GridNetwork(combination=combination, seed=results.plan.seeds_of(combination)[0])
        bench = results.benches.get(network.name)
        if bench is None or not bench.panels:
            continue
        steps = {file.model.name: file.step for file in results.files if file.network == network}
        shown = [
            _ShownPanel(
                panel,
                masks=[(steps.get(name, name), mask) for name, mask in colour_masks(panel).items()],
                true_cells=draw_true_cells(panel),
                cells=[(steps.get(name, name), found) for name, found in draw_cells(panel).items()],
            )
            for panel in bench.panels
        ]
        yield network.name, shown
