"""A bench result as text: one table, and remarks on what to doubt in it."""

from __future__ import annotations

from collections.abc import Iterator

from edgeseg import container
from edgeseg.bench.machine import Machine
from edgeseg.bench.measurement import Measurement
from edgeseg.bench.result import BenchResult, ModelResult

#: Above this share of the cores, other work is thought to disturb the measurement.
BUSY_SHARE = 0.25

#: Above this median absolute deviation over median, a row is called unsteady.
UNSTEADY = 0.10

_LATENCY = ("p50_ms", "p90_ms", "p99_ms", "init_ms", "first_ms")


def bench_table(result: BenchResult) -> tuple[list[str], list[list[str]]]:
    """Header and rows, as text; columns without any figure (Dice without data) are left out.

    `kB` is 1000 bytes, `MB` a million; times are milliseconds. `kB` and `gzip kB` are of the model before
    and after `gzip -9`, `xz kB` of the file where it is an .xz container. `bytes x` (of the file as it is)
    and `p50 x` are ratios to the first float32 model with the same number of threads, `agree %` the share of
    mask pixels that are as that one's. They are what was measured here, no promise.
    """
    header = [
        "model", "variant", "threads", "kB", "gzip kB", "xz kB", "p50 ms", "p90", "p99", "init ms",
        "first ms", "peak MB", "model MB", "Dice", "IoU", "agree %", "bytes x", "p50 x",
    ]  # fmt: skip
    rows = [_row(result, model, measurement) for model in result.models for measurement in model.measurements]
    used = [i for i in range(len(header)) if i < 5 or any(row[i] not in ("", "-") for row in rows)]
    return [header[i] for i in used], [[row[i] for i in used] for row in rows]


def _row(result: BenchResult, model: ModelResult, measurement: Measurement) -> list[str]:
    summary = measurement.summary
    size = model.size
    label = [
        model.name.removesuffix(container.SUFFIX).removesuffix(".tflite"),
        model.variant,
        str(measurement.threads),
        _number(size.raw_bytes / 1000 if size else None, 1),
        _number(size.gzip_bytes / 1000 if size else None, 1),
        _number(size.xz_bytes / 1000 if size and size.xz_bytes is not None else None, 1),
    ]
    if measurement.failure:
        return [*label, "failed", *["-"] * 11]
    agreement = summary.get("agreement")
    return [
        *label,
        *(_number(summary.get(key), 2) for key in _LATENCY),
        *(_number(summary.get(key), 1) for key in ("peak_mb", "model_mb")),
        *(_number(summary.get(key), 4) for key in ("dice_pooled", "iou_pooled")),
        _number(None if agreement is None else 100 * agreement, 3),
        *_ratios(result, model, measurement),
    ]


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def _ratios(result: BenchResult, model: ModelResult, measurement: Measurement) -> tuple[str, str]:
    reference = _float32(result, measurement.threads)
    if reference is None or model.size is None or reference[0].size is None:
        return "-", "-"
    size = model.size.file_bytes / reference[0].size.file_bytes
    latency = (measurement.summary["p50_ms"] or 0) / (reference[1].summary["p50_ms"] or 1)
    return f"{size:.3f}", f"{latency:.3f}"


def _float32(result: BenchResult, threads: int) -> tuple[ModelResult, Measurement] | None:
    for model in result.models:
        for measurement in model.measurements:
            if model.is_float32 and measurement.threads == threads and not measurement.failure:
                return model, measurement
    return None


def failure_lines(result: BenchResult) -> list[str]:
    """`MODEL (threads 1, 2): reason`, one line for each reason."""
    reasons: dict[tuple[str, str], list[int]] = {}
    for model, measurement, failure in result.failures:
        reasons.setdefault((model.name, failure.reason), []).append(measurement.threads)
    return [f"{name} ({_threads(threads)}): {reason}" for (name, reason), threads in reasons.items()]


def _threads(numbers: list[int]) -> str:
    return f"threads {', '.join(map(str, numbers))}"


def machine_line(machine: Machine) -> str:
    """Where it was measured, in a line."""
    features = ", ".join(machine.cpu_features)
    board = f"{machine.board}, " if machine.board else ""
    return (
        f"{board}{machine.cpu or machine.architecture}{f' ({features})' if features else ''}, "
        f"{machine.cores} {'core' if machine.cores == 1 else 'cores'}, {machine.runtime}, {machine.system}"
    )


def remarks(result: BenchResult) -> Iterator[str]:
    """What makes the figures doubtful, with what to do about it."""
    machine, before, after = result.machine, result.before, result.after
    if before.load_1min is not None and before.load_1min > BUSY_SHARE * machine.cores:
        yield (
            f"the machine was busy before the start (load {before.load_1min:.2f} on {machine.cores} cores): "
            "times may be too long; end other work and bench again"
        )
    if before.throttled_now or after.throttled_now:
        yield "the board held its clock down (too hot, or too little voltage): times are not valid; cool it"
    for model in result.models:
        for measurement in model.measurements:
            if measurement.runs and measurement.spread > UNSTEADY:
                yield (
                    f"{model.name} ({_threads([measurement.threads])}): times vary by "
                    f"{100 * measurement.spread:.0f} % (median absolute deviation); bench again with "
                    "--rounds 3 on a quiet machine"
                )
    if any(m.threads > machine.cores for model in result.models for m in model.measurements):
        yield f"more threads than the {machine.cores} cores that are available"
