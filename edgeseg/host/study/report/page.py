"""The report of a study as one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from edgeseg.host.study.report import figures
from edgeseg.host.study.report.best import facts, rule
from edgeseg.host.study.report.costs import cost_figures
from edgeseg.host.study.report.reading import HOW_JUDGED, PAPER_NOTE, Reading
from edgeseg.host.study.tasks import cell_name
from edgeseg.report.drawing import load_altair
from edgeseg.report.figures import Figure
from edgeseg.report.masks import colour_masks
from edgeseg.report.template import fill

#: The base of the paper.
_BASE = ("bce", "adam")


def page(reading: Reading) -> str:
    """The text of the page.

    Raises:
        MissingDependencyError: the extra `report` is not installed.
        ResultError: a panel of a result is no image.
    """
    load_altair()
    results = reading.results
    groups: Sequence[tuple[str, list[Figure]]] = [
        ("Training", list(figures.learning_figures(results))),
        ("Jaccard-BCE by variant", list(figures.variant_training_figures(results))),
        ("By optimizer", list(figures.optimizer_figures(results))),
        ("By loss", list(figures.loss_figures(results))),
        ("Batch sizes", list(figures.batch_figures(results))),
        ("All cells", [figures.heat_figure(reading.cells)]),
    ]
    return fill(
        "study.html.jinja",
        folder=Path(__file__).parent,
        name=results.name,
        dataset=results.dataset,
        best=[(what, cell, facts(cell)) for what, cell in reading.choices],
        broken=reading.broken,
        rule=rule(),
        doubts=results.doubts,
        open=reading.open,
        claims=reading.claims,
        how_judged=HOW_JUDGED,
        paper_note=PAPER_NOTE,
        rows=reading.cells,
        columns=reading.columns,
        costs=list(cost_figures(reading.cells)),
        groups=groups,
        batches=figures.batch_table(results),
        panels=list(_panels(reading)),
        method=reading.method,
    )


def _panels(reading: Reading) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Images with the masks of every variant: of the paper's base, and of what finds the most."""
    results = reading.results
    base = [each for each in results.plan.combinations if (each.loss, each.optimizer) == _BASE]
    best = [cell.combination for _, cell in reading.choices[:1]]
    for combination in dict.fromkeys((*base, *best)):
        cell = cell_name(combination, results.plan.seeds_of(combination)[0])
        bench = results.benches.get(cell)
        if bench is None or not bench.panels:
            continue
        labels = {file.model.name: file.what for file in results.files if file.cell == cell}
        shown = [
            {
                "panel": panel,
                "masks": [(labels.get(name, name), mask) for name, mask in colour_masks(panel).items()],
            }
            for panel in bench.panels
        ]
        yield cell, shown
