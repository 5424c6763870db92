"""The figures of any study: how its networks learnt, all of its cells, what they find over what they cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edgeseg.host.study.charts import Curve, Dot, Tile, curves, heat_map
from edgeseg.host.study.combination import Combination
from edgeseg.host.study.findings.cells import TITLES, Cell, image_interval
from edgeseg.host.study.findings.results import StudyResults, Training, mean_over
from edgeseg.host.study.tasks import TRAIN
from edgeseg.report.charts import Chart
from edgeseg.report.scatter import BYTES, TIME, Point, scatter

#: Epochs of a long training that are shown by themselves as well, since most is learnt in them.
_FIRST = 40

#: Cells that find so much less than the best one would press the others together, and nobody ships them.
_SHOWN_WITHIN = 0.1


def learning_figures(results: StudyResults, *, prefix: str = "") -> Iterator[Chart]:
    """IoU on the validation images, epoch by epoch.

    Args:
        results: of the study.
        prefix: of the titles.
    """
    trained = [
        (combination.name, found[0])
        for combination in results.plan.combinations
        if (found := results.histories(combination, TRAIN))
    ]
    if not trained:
        return
    longest = max(len(training.epochs) for _, training in trained)
    spans = [("the first 40 epochs", _FIRST), ("the whole training", longest)]
    for what, span in spans if longest > _FIRST else spans[1:]:
        lines = [curve(name, training, "val_iou", span) for name, training in trained]
        title = f"{prefix}IoU of every combination, {what}"
        drawn = curves(lines, x="epoch", y="validation IoU", title=title)
        yield Chart(drawn, title, f"Pooled over the validation images; seed {trained[0][1].network.seed}.")


def curve(name: str, training: Training, column: str, span: int | None = None) -> Curve:
    """A column of a history as a line over the first `span` epochs; None: all."""
    return Curve(name, [(each["epoch"], each[column]) for each in training.epochs[:span]])


def dot(results: StudyResults, combination: Combination, step: str, metric: str, *, row: str) -> Dot:
    """A metric of a cell with its interval, in the row `row` of a chart."""
    files = results.of(combination, step)
    value = float(mean_over(files, metric).mean())
    return Dot(row, step, value, image_interval(results, files, metric))


def heat_figure(cells: Sequence[Cell], *, prefix: str = "") -> Chart:
    """All cells, all metrics."""
    tiles = [
        Tile(cell.label, TITLES[metric], cell.scores[metric].value) for cell in cells for metric in TITLES
    ]
    title = f"{prefix}{'the' if prefix else 'The'} test metrics of every cell"
    caption = "In each column, the stronger the colour, the higher the value stands among all."
    return Chart(heat_map(tiles, title=title), title, caption)


def cost_figures(cells: Sequence[Cell]) -> Iterator[Chart]:
    """F1 of every cell: over bytes, over time."""
    least = max(cell.f1 for cell in cells) - _SHOWN_WITHIN
    shown = [cell for cell in cells if cell.f1 >= least]
    caption = "Diamonds, joined and named: the Pareto front, no other cell is as cheap and as good."
    if len(shown) < len(cells):
        left = ", ".join(cell.label for cell in cells if cell not in shown)
        caption += f" Not shown, more than {_SHOWN_WITHIN:g} below the best: {left}."
    for cost in (BYTES, TIME):
        points = [
            Point(
                label=cell.label,
                cost=cell.costs.file_bytes if cost is BYTES else cell.costs.p50_ms,
                dice=cell.f1,
                front=cost.front in cell.fronts,
                interval=None,
            )
            for cell in shown
        ]
        title = f"F1 over {cost.front}: each cell as a point"
        drawn = scatter(points, cost, title=title, y_title="F1, mean over the test images")
        if drawn:
            yield Chart(drawn, title, caption)
