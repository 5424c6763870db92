"""The figures of the paper, made of this study's results, each with its caption."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edgeseg.host.study.combination import Combination, parse_combination
from edgeseg.host.study.report.charts import Curve, Dot, Tile, curves, dots, heat_map
from edgeseg.host.study.report.claims import batch_contrast
from edgeseg.host.study.report.results import StudyResults, Training, mean_over
from edgeseg.host.study.report.rows import TITLES, Cell
from edgeseg.host.study.tasks import TRAIN
from edgeseg.metrics.statistics import percentile_interval
from edgeseg.report.figures import Figure

#: The epochs of the paper's first panel of Figure 2.
_FIRST = 40

_WHISKERS = "Whiskers: 95 % intervals over source images; differences are judged with the claims."


def learning_figures(results: StudyResults) -> Iterator[Figure]:
    """Figure 2: IoU on the validation images, epoch by epoch."""
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
        lines = [_curve(name, training, "val_iou", span) for name, training in trained]
        title = f"Figure 2: IoU of every combination, {what}"
        drawn = curves(lines, x="epoch", y="validation IoU", title=title)
        yield Figure(drawn, title, f"Pooled over the validation images; seed {trained[0][1].seed}.")


def _curve(name: str, training: Training, column: str, span: int) -> Curve:
    return Curve(name, [(each["epoch"], each[column]) for each in training.epochs[:span]])


def variant_training_figures(results: StudyResults) -> Iterator[Figure]:
    """Figure 3: training metrics of Jaccard-BCE by variant."""
    chosen = _first(results, ("jaccard-bce+adam", "jaccard-bce+rmsprop"))
    if chosen is None:
        return
    lines = [
        ("float32" if what == TRAIN else what, found[0])
        for what in (TRAIN, *results.plan.variants)
        if (found := results.histories(chosen, what))
    ]
    for column, metric in (("dice", "F1"), ("iou", "IoU"), ("precision", "precision"), ("recall", "recall")):
        title = f"Figure 3: {metric} while training, {chosen.name}"
        drawn = curves(
            [_curve(name, training, column, len(training.epochs)) for name, training in lines],
            x="epoch", y=f"training {metric}", title=title,
        )  # fmt: skip
        yield Figure(drawn, title, "Fine-tuned variants begin where float32 ended; PTQ trains nothing.")


def _first(results: StudyResults, names: Sequence[str]) -> Combination | None:
    for name in names:
        combination = parse_combination(name)
        if results.histories(combination, TRAIN):
            return combination
    return None


def optimizer_figures(results: StudyResults) -> Iterator[Figure]:
    """Figure 4: the metrics by optimizer and variant, all with BCE."""
    chosen = [each for each in results.plan.combinations if each.loss == "bce"]
    yield from _grouped(results, chosen, "optimizer", "Figure 4: {metric} by optimizer (BCE) and variant")


def loss_figures(results: StudyResults) -> Iterator[Figure]:
    """Figure 5: the metrics by loss and variant, all with Adam."""
    chosen = [each for each in results.plan.combinations if each.optimizer == "adam"]
    yield from _grouped(results, chosen, "loss", "Figure 5: {metric} by loss (Adam) and variant")


def _grouped(results: StudyResults, chosen: Sequence[Combination], by: str, heading: str) -> Iterator[Figure]:
    for metric, name in TITLES.items():
        marks = [
            _dot(results, combination, what, metric, row=getattr(combination, by))
            for combination in chosen
            for what in results.plan.variants
            if results.of(combination, what)
        ]
        if marks:
            title = heading.format(metric=name)
            yield Figure(dots(marks, axis=f"{name}, test images", title=title), title, _WHISKERS)


def _dot(results: StudyResults, combination: Combination, what: str, metric: str, *, row: str) -> Dot:
    values = mean_over(results.of(combination, what), metric)
    interval = percentile_interval(results.draws(values)) if results.sources > 1 else None
    return Dot(row, what, float(values.mean()), interval)


def batch_figures(results: StudyResults) -> Iterator[Figure]:
    """Figure 6: quantization-aware training with two batch sizes."""
    contrast = batch_contrast(results)
    if contrast is None:
        return
    name, sizes = contrast
    combination = next(file.combination for file in results.files if file.what == name)
    marks = []
    for metric, heading in TITLES.items():
        for what, size in zip(("int8-qat", name), sizes, strict=True):
            dot = _dot(results, combination, what, metric, row=heading)
            marks.append(Dot(heading, f"batch {size}", dot.value, dot.interval))
    title = f"Figure 6: int8-qat with batch {sizes[1]} and {sizes[0]}, {combination.name}"
    yield Figure(dots(marks, axis="test images", title=title), title, _WHISKERS)


def batch_table(results: StudyResults) -> tuple[list[str], list[list[str]]] | None:
    """The paper's Table 1: what the batch size costs and gives; None where it was not compared."""
    contrast = batch_contrast(results)
    if contrast is None:
        return None
    name, sizes = contrast
    combination = next(file.combination for file in results.files if file.what == name)
    rows = []
    for what, size in zip(("int8-qat", name), sizes, strict=True):
        files, trainings = results.of(combination, what), results.histories(combination, what)
        seconds = [f"{each.seconds:.1f}" for each in trainings]
        total = [f"{sum(epoch['seconds'] for epoch in each.epochs):.0f}" for each in trainings]
        means = [f"{mean_over(files, metric).mean():.4f}" for metric in ("dice", "precision")]
        rows.append([str(size), ", ".join(seconds), ", ".join(total), *means])
    return ["batch", "seconds an epoch", "seconds in all", "F1", "precision"], rows


def heat_figure(cells: Sequence[Cell]) -> Figure:
    """Figure 7: all cells, all metrics."""
    tiles = [Tile(cell.label, TITLES[metric], cell.number(metric)) for cell in cells for metric in TITLES]
    title = "Figure 7: the test metrics of every cell"
    caption = "In each column, the stronger the colour, the higher the value stands among all."
    return Figure(heat_map(tiles, title=title), title, caption)
