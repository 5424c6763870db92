"""Every figure, an entry each: tables, result files, budgets, comparisons and reports are made of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from edgeseg.bench.figure import Column, Figure
from edgeseg.bench.latency import median_absolute_deviation, percentile
from edgeseg.bench.measurement import Measurement, Run
from edgeseg.bench.quality import AP_THRESHOLDS, ImageCounts, QualityResult
from edgeseg.bench.readers import MedianTime, Plain, Pooled, Value
from edgeseg.bench.result import ModelResult
from edgeseg.bench.size import SizeResult
from edgeseg.metrics.cells import CellCounts
from edgeseg.metrics.pixels import ConfusionCounts
from edgeseg.model.audit_record import Audit


def _of_size(value: Callable[[SizeResult], int | None]) -> Plain[ModelResult]:
    return Plain(lambda model: value(model.size) if model.size else None, exact=True)


def _of_audit(value: Callable[[Audit], Value | None]) -> Plain[ModelResult]:
    return Plain(lambda model: value(model.audit) if model.audit else None, exact=True)


def _of_runs(value: Callable[[Measurement], float]) -> Plain[Measurement]:
    return Plain(lambda measurement: value(measurement) if measurement.runs else None)


def _median_ms(nanoseconds: Callable[[Run], int]) -> Plain[Measurement]:
    """The median over processes."""
    return _of_runs(lambda measurement: percentile(list(map(nanoseconds, measurement.runs)), 50) / 1e6)


def _of_pixels(metric: Callable[[ConfusionCounts], float]) -> Pooled:
    return Pooled(
        lambda image: (image.counts.tp, image.counts.fp, image.counts.fn, image.counts.tn),
        lambda sums: metric(ConfusionCounts(*sums)),
    )


def _of_cells(metric: Callable[[CellCounts], float]) -> Pooled:
    return Pooled(
        lambda image: (image.cells.true, image.cells.found, image.cells.matched),
        lambda sums: metric(CellCounts(*sums)),
    )


def _of_fits(metric: Callable[[CellCounts], float | None]) -> Pooled:
    """Of how well cells fit, which results of version 0.1 do not tell."""
    return Pooled(
        lambda image: (image.cells.true, image.cells.found, image.cells.matched, image.cells.iou_sum or 0.0),
        lambda sums: metric(CellCounts(*sums)),
        known=lambda image: image.cells.iou_sum is not None,
    )


def _share(sums: Sequence[Any]) -> float | None:
    return sums[0] / sums[1] if sums[1] else None


def _at_thresholds(image: ImageCounts) -> Sequence[int]:
    counts = [image.cells_at(threshold) for threshold in AP_THRESHOLDS]
    return [image.cells.true, image.cells.found, *(each.matched for each in counts if each)]


def _mean_ap(sums: Sequence[Any]) -> float:
    true, found, *matched = sums
    return sum(CellCounts(true, found, each).ap for each in matched) / len(matched)


FILE_BYTES = Figure(
    name="file_bytes", title="file bytes", unit="bytes", reader=_of_size(lambda size: size.file_bytes),
    column=Column(
        name="file_bytes", title="kB", about="of the file as shipped", digits=1, scale=1e-3, main=True
    ),
)  # fmt: skip
RAW_BYTES = Figure(
    name="bytes", title="bytes", unit="bytes", reader=_of_size(lambda size: size.raw_bytes),
    column=Column(name="raw_bytes", title="unpacked kB", about="of the model", digits=1, scale=1e-3),
    heading="kB", limit="bytes", compared=True, ratio=True,
)  # fmt: skip
GZIP_BYTES = Figure(
    name="gzip_bytes", title="gzip bytes", unit="bytes", reader=_of_size(lambda size: size.gzip_bytes),
    column=Column(
        name="gzip_bytes", title="gzip kB", about="of the model after gzip -9", digits=1, scale=1e-3
    ),
    heading="gzip kB", limit="gzip_bytes", compared=True, ratio=True,
)  # fmt: skip
XZ_BYTES = Figure(
    name="xz_bytes", title="xz bytes", unit="bytes", reader=_of_size(lambda size: size.xz_bytes),
    column=Column(name="xz_bytes", title="xz kB", about="of an .xz container", digits=1, scale=1e-3),
    heading="xz kB", limit="xz_bytes", compared=True, ratio=True,
)  # fmt: skip
SIZES = (FILE_BYTES, RAW_BYTES, GZIP_BYTES, XZ_BYTES)

MACS = Figure(
    name="macs", title="MACs", unit="count", reader=_of_audit(lambda audit: audit.macs),
    column=Column(
        name="macs", title="MACs (million)", about="multiply-accumulates", digits=1, scale=1e-6
    ),
    limit="macs", compared=True, ratio=True,
)  # fmt: skip
PARAMETERS = Figure(
    name="parameters", title="parameters", unit="count", reader=_of_audit(lambda audit: audit.parameters),
    limit="parameters",
)  # fmt: skip
OPERATORS = Figure(
    name="operators", title="operators", unit="count",
    reader=_of_audit(lambda audit: sum(audit.operators.values())),
    column=Column(name="operators", title="operators", about="in the file", digits=0),
    limit="operators",
)  # fmt: skip
OPERATOR_KINDS = Figure(
    name="operator_kinds", title="operator kinds", unit="kinds",
    reader=_of_audit(lambda audit: tuple(sorted(audit.operators))), limit="operator_kinds",
)  # fmt: skip
FLOAT_OPERATORS = Figure(
    name="float_operators", title="float operators", unit="count",
    reader=_of_audit(lambda audit: len(audit.float_operators)),
    column=Column(name="float_operators", title="float operators", about="that compute in float", digits=0),
    limit="float_operators",
)  # fmt: skip
PARTITIONS = Figure(
    name="partitions", title="partitions", unit="count", reader=_of_audit(lambda audit: audit.partitions),
    column=Column(name="partitions", title="partitions", about="that XNNPACK takes the file in", digits=0),
    limit="partitions",
)  # fmt: skip
ARENA = Figure(
    name="arena_bytes", title="arena bytes", unit="bytes", reader=_of_audit(lambda audit: audit.arena_bytes),
    column=Column(name="arena_bytes", title="arena MB", about="tensors as planned", digits=1, scale=1e-6),
    heading="arena MB", limit="arena_bytes", compared=True, ratio=True,
)  # fmt: skip
NETWORK = (PARAMETERS, OPERATORS, OPERATOR_KINDS, FLOAT_OPERATORS, PARTITIONS)

#: The same every time, from the file alone.
OF_FILE: tuple[Figure[ModelResult], ...] = (*SIZES, MACS, *NETWORK, ARENA)


P50 = Figure(
    name="p50_ms", title="p50 ms", unit="ms", reader=MedianTime(),
    column=Column(name="p50_ms", title="p50 ms", about="median of one inference", digits=2, main=True),
    heading="p50 ms", limit="latency", compared=True, ratio=True,
)  # fmt: skip
P90 = Figure(
    name="p90_ms", title="p90 ms", unit="ms",
    reader=_of_runs(lambda measurement: percentile(measurement.invoke_ns, 90) / 1e6),
    column=Column(
        name="p90_ms", title="p90 ms", about="90 % of inferences were no slower", digits=2, main=True
    ),
    heading="p90",
)  # fmt: skip
P99 = Figure(
    name="p99_ms", title="p99 ms", unit="ms",
    reader=_of_runs(lambda measurement: percentile(measurement.invoke_ns, 99) / 1e6),
    column=Column(name="p99_ms", title="p99 ms", about="99 % of inferences were no slower", digits=2),
    heading="p99",
)  # fmt: skip
MAD = Figure(
    name="mad_ms", title="MAD ms", unit="ms",
    reader=_of_runs(lambda measurement: median_absolute_deviation(measurement.invoke_ns) / 1e6),
    column=Column(name="mad_ms", title="MAD ms", about="median absolute deviation from p50", digits=3),
)  # fmt: skip
SAMPLES = Figure(
    name="samples", title="samples", unit="count",
    reader=_of_runs(lambda measurement: len(measurement.invoke_ns)),
    column=Column(name="samples", title="samples", about="inferences counted", digits=0),
)  # fmt: skip
LOAD = Figure(
    name="load_ms", title="import ms", unit="ms", reader=_median_ms(lambda run: run.load_ns),
    column=Column(name="load_ms", title="import ms", about="importing the runtime", digits=2),
)  # fmt: skip
INIT = Figure(
    name="init_ms", title="init ms", unit="ms", reader=_median_ms(lambda run: run.init_ns),
    column=Column(name="init_ms", title="init ms", about="building the interpreter", digits=2),
    heading="init ms",
)  # fmt: skip
FIRST = Figure(
    name="first_ms", title="first ms", unit="ms", reader=_median_ms(lambda run: run.laps.first.invoke_ns),
    column=Column(name="first_ms", title="first ms", about="the first inference", digits=2),
    heading="first ms",
)  # fmt: skip
PREPARE = Figure(
    name="prepare_p50_ms", title="prepare ms", unit="ms",
    reader=_of_runs(lambda measurement: percentile([lap.prepare_ns for lap in measurement.laps], 50) / 1e6),
    column=Column(
        name="prepare_p50_ms", title="prepare ms", about="median of preparing an image", digits=2
    ),
)  # fmt: skip
OUTPUT = Figure(
    name="output_p50_ms", title="output ms", unit="ms",
    reader=_of_runs(lambda measurement: percentile([lap.output_ns for lap in measurement.laps], 50) / 1e6),
    column=Column(name="output_p50_ms", title="output ms", about="median of making the mask", digits=2),
)  # fmt: skip
TIMES = (P50, P90, P99, MAD, SAMPLES, LOAD, INIT, FIRST, PREPARE, OUTPUT)

PEAK_MEMORY = Figure(
    name="peak_mb", title="peak MB", unit="MB",
    reader=_of_runs(lambda measurement: max(run.peak_bytes for run in measurement.runs) / 1e6),
    column=Column(
        name="peak_mb", title="peak MB", about="most memory of the process", digits=1, main=True
    ),
    heading="peak MB", compared=True,
)  # fmt: skip
MODEL_MEMORY = Figure(
    name="model_mb", title="model MB", unit="MB",
    reader=_of_runs(
        lambda measurement: max(run.peak_bytes - run.baseline_bytes for run in measurement.runs) / 1e6
    ),
    column=Column(name="model_mb", title="model MB", about="what the process grew by", digits=1),
    heading="model MB",
)  # fmt: skip
MEMORY = (PEAK_MEMORY, MODEL_MEMORY)

OVERHEAD = Figure(
    name="overhead", title="overhead", unit="share",
    reader=_of_runs(lambda measurement: measurement.overhead),
    column=Column(
        name="overhead", title="overhead %", about="what the bench itself added", digits=1, scale=100
    ),
)  # fmt: skip

#: Of a file in one runtime with one number of threads. Over several processes, loading, initialization and
#: first inference are medians and memory is the greatest.
OF_RUNS: tuple[Figure[Measurement], ...] = (*TIMES, *MEMORY, OVERHEAD)


DICE = Figure(
    name="dice", title="Dice", unit="share", reader=_of_pixels(lambda counts: counts.dice),
    column=Column(
        name="dice_pooled", title="Dice", about="over the pixels of all images", digits=4, main=True
    ),
    heading="Dice", limit="dice", compared=True, higher_is_better=True, with_interval=True,
)  # fmt: skip
MEAN_DICE: Figure[QualityResult] = Figure(
    name="dice_mean", title="mean Dice", unit="share", reader=Plain(lambda quality: quality.mean["dice"]),
    column=Column(name="dice_mean", title="mean Dice", about="mean of the images' own", digits=4),
    higher_is_better=True,
)  # fmt: skip
IOU = Figure(
    name="iou", title="IoU", unit="share", reader=_of_pixels(lambda counts: counts.iou),
    column=Column(name="iou_pooled", title="IoU", about="over the pixels of all images", digits=4),
    heading="IoU", compared=True, higher_is_better=True,
)  # fmt: skip
MEAN_IOU: Figure[QualityResult] = Figure(
    name="iou_mean", title="mean IoU", unit="share", reader=Plain(lambda quality: quality.mean["iou"]),
    column=Column(name="iou_mean", title="mean IoU", about="mean of the images' own", digits=4),
    higher_is_better=True,
)  # fmt: skip
CELL_PRECISION = Figure(
    name="cell_precision", title="cell precision", unit="share",
    reader=_of_cells(lambda cells: cells.precision),
    column=Column(
        name="cell_precision", title="cell precision", about="found cells that are true", digits=3
    ),
    higher_is_better=True,
)  # fmt: skip
CELL_RECALL = Figure(
    name="cell_recall", title="cell recall", unit="share", reader=_of_cells(lambda cells: cells.recall),
    column=Column(name="cell_recall", title="cell recall", about="true cells that were found", digits=3),
    higher_is_better=True,
)  # fmt: skip
CELL_F1 = Figure(
    name="cell_f1", title="cell F1", unit="share", reader=_of_cells(lambda cells: cells.f1),
    column=Column(name="cell_f1", title="cell F1", about="cells matched at IoU 0.5", digits=3, main=True),
    heading="cell F1", limit="cell_f1", compared=True, higher_is_better=True, with_interval=True,
)  # fmt: skip
CELL_AP = Figure(
    name="cell_ap", title="cell AP", unit="share", reader=_of_cells(lambda cells: cells.ap),
    column=Column(
        name="cell_ap", title="cell AP", about="matched at IoU 0.5, over all true or found", digits=3
    ),
    limit="cell_ap", compared=True, higher_is_better=True, with_interval=True,
)  # fmt: skip
MEAN_CELL_AP = Figure(
    name="cell_ap_mean", title="mean cell AP", unit="share",
    reader=Pooled(lambda image: (image.cells.ap, 1), _share),
    column=Column(name="cell_ap_mean", title="mean cell AP", about="mean of the images' own", digits=3),
    higher_is_better=True, with_interval=True,
)  # fmt: skip
CELL_AP_50_90 = Figure(
    name="cell_ap_50_90", title="cell AP 0.5-0.9", unit="share",
    reader=Pooled(_at_thresholds, _mean_ap, known=lambda image: image.ious is not None),
    column=Column(
        name="cell_ap_50_90", title="cell AP 0.5-0.9", about="mean over IoU 0.5, 0.55 to 0.9", digits=3
    ),
    compared=True, higher_is_better=True, with_interval=True,
)  # fmt: skip
PANOPTIC_QUALITY = Figure(
    name="panoptic_quality", title="panoptic quality", unit="share",
    reader=_of_fits(lambda cells: cells.panoptic_quality),
    column=Column(
        name="panoptic_quality", title="panoptic quality", about="cell F1 times the matches' mean IoU",
        digits=3,
    ),
    compared=True, higher_is_better=True, with_interval=True,
)  # fmt: skip
MEAN_MATCHED_IOU = Figure(
    name="mean_matched_iou", title="matched IoU", unit="share",
    reader=_of_fits(lambda cells: cells.mean_matched_iou),
    column=Column(name="mean_matched_iou", title="matched IoU", about="mean of the matched cells", digits=3),
    higher_is_better=True,
)  # fmt: skip
COUNT_ERROR = Figure(
    name="count_error", title="count error", unit="share", unbounded=True,
    # 0.1: of 100 cells, 10 too many or too few an image.
    reader=Pooled(lambda image: (abs(image.cells.found - image.cells.true), image.cells.true), _share),
    column=Column(
        name="count_error", title="count error", about="of the cells of an image, as a share", digits=3
    ),
    heading="count error", limit="count_error", compared=True, with_interval=True,
)  # fmt: skip
PIECES_ERROR = Figure(
    name="count_error_by_mask", title="count error by mask", unit="share", unbounded=True,
    # What the same file would count if it told no cells apart.
    reader=Pooled(
        lambda image: (abs((image.pieces or 0) - image.cells.true), image.cells.true), _share,
        known=lambda image: image.pieces is not None,
    ),
    column=Column(
        name="count_error_by_mask", title="count error by mask",
        about="the same, if each connected piece of the mask were a cell", digits=3,
    ),
    heading="by mask",
)  # fmt: skip
COUNT_BIAS = Figure(
    name="count_bias", title="count bias", unit="share",
    # 0.1: of 100 cells, 10 too many are found; -0.1: 10 too few.
    reader=Pooled(lambda image: (image.cells.found - image.cells.true, image.cells.true), _share),
    column=Column(
        name="count_bias", title="count bias", about="found cells less true ones, as a share", digits=3,
        signed=True,
    ),
    with_interval=True,
)  # fmt: skip
AREA_ERROR = Figure(
    name="area_error", title="area error", unit="share", unbounded=True,
    reader=Pooled(
        lambda image: (abs(image.counts.fp - image.counts.fn), image.counts.tp + image.counts.fn), _share
    ),
    column=Column(
        name="area_error", title="area error", about="of the area of an image, as a share", digits=3
    ),
    limit="area_error", compared=True, with_interval=True,
)  # fmt: skip
AGREEMENT = Figure(
    name="agreement", title="agreement", unit="share",
    reader=Pooled(
        lambda image: (image.differing or 0, image.pixels), lambda sums: 1 - sums[0] / sums[1],
        known=lambda image: image.differing is not None,
    ),
    column=Column(
        name="agreement", title="agree %", about="mask pixels as the reference's", digits=3, scale=100
    ),
    heading="agree %", compared=True, higher_is_better=True,
    places=5,  # of 50 million pixels, a thousand count
)  # fmt: skip

#: What a file finds in one runtime, whatever the number of threads.
OF_QUALITY: tuple[Figure[QualityResult], ...] = (
    DICE, MEAN_DICE, IOU, MEAN_IOU, CELL_PRECISION, CELL_RECALL, CELL_F1, CELL_AP, MEAN_CELL_AP,
    CELL_AP_50_90, PANOPTIC_QUALITY, MEAN_MATCHED_IOU, COUNT_ERROR, PIECES_ERROR, COUNT_BIAS, AREA_ERROR,
    AGREEMENT,
)  # fmt: skip

#: All, in the order of tables.
FIGURES: tuple[Figure[Any], ...] = (*SIZES, *TIMES, *MEMORY, ARENA, OVERHEAD, *OF_QUALITY, *NETWORK, MACS)


def summary(measurement: Measurement) -> dict[str, Value | None]:
    """The figures of one measurement by their keys, milliseconds and MB; none where nothing was measured."""
    if not measurement.runs:
        return {}
    return {figure.key: figure.read(measurement) for figure in OF_RUNS} | quality_summary(measurement.quality)


def quality_summary(quality: QualityResult | None) -> dict[str, Value | None]:
    """The figures of quality by their keys; none where it was not measured."""
    return {figure.key: figure.read(quality) for figure in OF_QUALITY} if quality else {}


def file_summary(model: ModelResult) -> dict[str, Value | None]:
    """The figures of a file by their keys."""
    return {figure.key: figure.read(model) for figure in OF_FILE}
