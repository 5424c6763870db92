"""The figures of the paper, made of this study's results, each with its caption."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edgeseg.host.study.charts import Dot, curves, dots
from edgeseg.host.study.combination import Combination, parse_combination
from edgeseg.host.study.figures import curve, dot, heat_figure, learning_figures
from edgeseg.host.study.findings.cells import TITLES, Cell
from edgeseg.host.study.findings.results import StudyResults
from edgeseg.host.study.paper.batches import find_batch_contrast
from edgeseg.host.study.tasks import TRAIN
from edgeseg.report.charts import Chart

_WHISKERS = "Whiskers: 95 % intervals over source images; differences are judged with the claims."


def paper_figures(results: StudyResults, cells: Sequence[Cell]) -> list[tuple[str, list[Chart]]]:
    """Figures 2 to 7, in groups with a heading each."""
    return [
        ("Training", list(learning_figures(results, prefix="Figure 2: "))),
        ("Jaccard-BCE by variant", list(_variant_training_figures(results))),
        ("By optimizer", list(_optimizer_figures(results))),
        ("By loss", list(_loss_figures(results))),
        ("Batch sizes", list(_batch_figures(results))),
        ("All cells", [heat_figure(cells, prefix="Figure 7: ")]),
    ]


def _variant_training_figures(results: StudyResults) -> Iterator[Chart]:
    """Figure 3: training metrics of Jaccard-BCE by variant."""
    chosen = _first_trained(results, ("jaccard-bce+adam", "jaccard-bce+rmsprop"))
    if chosen is None:
        return
    lines = [
        ("float32" if step == TRAIN else step, found[0])
        for step in (TRAIN, *results.plan.variants)
        if (found := results.histories(chosen, step))
    ]
    for column, metric in (("dice", "F1"), ("iou", "IoU"), ("precision", "precision"), ("recall", "recall")):
        title = f"Figure 3: {metric} while training, {chosen.name}"
        drawn = curves(
            [curve(name, training, column) for name, training in lines],
            x="epoch", y=f"training {metric}", title=title,
        )  # fmt: skip
        yield Chart(drawn, title, "Fine-tuned variants begin where float32 ended; PTQ trains nothing.")


def _first_trained(results: StudyResults, names: Sequence[str]) -> Combination | None:
    for name in names:
        combination = parse_combination(name)
        if results.histories(combination, TRAIN):
            return combination
    return None


def _optimizer_figures(results: StudyResults) -> Iterator[Chart]:
    """Figure 4: the metrics by optimizer and variant, all with BCE."""
    chosen = {each.optimizer: each for each in results.plan.combinations if each.loss == "bce"}
    yield from _grouped(results, chosen, "Figure 4: {metric} by optimizer (BCE) and variant")


def _loss_figures(results: StudyResults) -> Iterator[Chart]:
    """Figure 5: the metrics by loss and variant, all with Adam."""
    chosen = {each.loss: each for each in results.plan.combinations if each.optimizer == "adam"}
    yield from _grouped(results, chosen, "Figure 5: {metric} by loss (Adam) and variant")


def _grouped(results: StudyResults, chosen: dict[str, Combination], heading: str) -> Iterator[Chart]:
    for metric, name in TITLES.items():
        marks = [
            dot(results, combination, variant, metric, row=row)
            for row, combination in chosen.items()
            for variant in results.plan.variants
            if results.of(combination, variant)
        ]
        if marks:
            title = heading.format(metric=name)
            yield Chart(dots(marks, axis=f"{name}, test images", title=title), title, _WHISKERS)


def _batch_figures(results: StudyResults) -> Iterator[Chart]:
    """Figure 6: quantization-aware training with two batch sizes."""
    contrast = find_batch_contrast(results)
    if contrast is None:
        return
    marks = []
    for metric, heading in TITLES.items():
        for step, size in contrast.sizes.items():
            mark = dot(results, contrast.combination, step, metric, row=heading)
            marks.append(Dot(heading, f"batch {size}", mark.value, mark.interval))
    shown = " and ".join(str(size) for size in reversed([*contrast.sizes.values()]))
    title = f"Figure 6: int8-qat with batch {shown}, {contrast.combination.name}"
    yield Chart(dots(marks, axis="test images", title=title), title, _WHISKERS)
