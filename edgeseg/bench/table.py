"""A bench result as text: one table, and remarks on what to doubt in it."""

from __future__ import annotations

from collections.abc import Iterator

from edgeseg.bench.figure import NOTHING, Figure
from edgeseg.bench.figures import FIGURES, P50, SIZES, file_summary, quality_summary, summary
from edgeseg.bench.measurement import Measurement
from edgeseg.bench.quality import QualityResult
from edgeseg.bench.result import BenchResult, ModelResult
from edgeseg.bench.why import ratio_to_float32, why
from edgeseg.machine.doubts import doubts, hints
from edgeseg.model import xz
from edgeseg.text import counted

#: Above this median absolute deviation over median, a row is called unsteady.
UNSTEADY = 0.10

_SHOWN = tuple(figure for figure in FIGURES if figure.heading)


def bench_table(result: BenchResult) -> tuple[list[str], list[list[str]]]:
    """Header and rows, as text; columns that say nothing (Dice without data, one runtime) are left out.

    `kB` is 1000 bytes, `MB` a million; times are milliseconds. `kB` and `gzip kB` are of the model before
    and after `gzip -9`, `xz kB` of the file where it is an .xz container. `arena MB` is what the tensors
    take as planned, `model MB` what the process grew by. `95 %` is the interval of Dice over source images,
    `cell F1` that of cells matched at IoU 0.5. `bytes x` (of the file as it is) and `p50 x` are ratios to
    the first float32 model in the same runtime with the same number of threads, `agree %` the share of mask
    pixels that are as the reference's. They are what was measured here, no promise.
    """
    header = ["model", "variant", "runtime", "threads"]
    for figure in _SHOWN:
        header += [figure.heading or "", *["95 %"] * figure.with_interval]
    header += ["bytes x", "p50 x"]
    rows = [_row(result, model, measurement) for model in result.models for measurement in model.measurements]
    said = {"runtime": len(result.runtimes) == 1, "model": shared_name(result) is not None}
    used = [
        column
        for column, name in enumerate(header)
        if any(row[column] not in ("", "-") for row in rows) and not said.get(name)
    ]
    return [header[column] for column in used], [[row[column] for column in used] for row in rows]


def _row(result: BenchResult, model: ModelResult, measurement: Measurement) -> list[str]:
    quality = model.quality(measurement.runtime)
    values = file_summary(model) | summary(measurement) | quality_summary(quality)
    row = [_stem(model), model.variant, measurement.runtime, str(measurement.threads)]
    for figure in _SHOWN:
        known = not measurement.failure or figure in SIZES
        text = figure.column.show(values.get(figure.key)) if known and figure.column else NOTHING
        row.append("failed" if measurement.failure and figure is P50 else text)
        if figure.with_interval:
            row.append(_interval(figure, quality) if known else NOTHING)
    if measurement.failure:
        return [*row, NOTHING, NOTHING]
    return [*row, *_ratios(result, model, measurement)]


def shared_name(result: BenchResult) -> str | None:
    """What all files are called before `_VARIANT.tflite`; None where they are not called like that."""
    starts = {
        name.removesuffix(f"_{model.variant}")
        for model in result.models
        if (name := _stem(model)).endswith(f"_{model.variant}")
    }
    named = all(_stem(model).endswith(f"_{model.variant}") for model in result.models)
    return starts.pop() if named and len(starts) == 1 and len(result.models) > 1 else None


def model_labels(result: BenchResult) -> dict[str, str]:
    """Name of the file -> what to call it in a table: its variant alone where that says all."""
    short = shared_name(result) is not None
    return {model.name: model.variant if short else _stem(model) for model in result.models}


def _stem(model: ModelResult) -> str:
    return model.name.removesuffix(xz.SUFFIX).removesuffix(".tflite")


def _interval(figure: Figure[QualityResult], quality: QualityResult | None) -> str:
    interval = figure.interval(quality) if quality else None
    return f"{interval[0]:.3f}-{interval[1]:.3f}" if interval else NOTHING


def _ratios(result: BenchResult, model: ModelResult, measurement: Measurement) -> tuple[str, str]:
    latency = ratio_to_float32(result, measurement)
    base = next((each.size for each in result.models if each.is_float32 and each.size), None)
    if latency is None or base is None or model.size is None:
        return "-", "-"
    return f"{model.size.file_bytes / base.file_bytes:.3f}", f"{latency:.3f}"


def host_table(result: BenchResult) -> tuple[list[str], list[list[str]]]:
    """The Keras model on this machine; its times are of whole batches and no ratio is made with files."""
    header = ["Keras model", "device", "batch", "precision", "XLA", "p50 ms", "first ms", "images/s"]
    rows = []
    for run in result.host:
        found = run.summary
        times = ["failed", "-", "-"]
        if found:
            times = [
                f"{found['p50_ms']:,.2f}", f"{found['first_ms']:,.0f}", f"{found['images_per_second']:,.1f}",
            ]  # fmt: skip
        rows.append([run.name, run.device, str(run.batch), run.precision, "yes" if run.xla else "no", *times])
    return header, rows


def why_lines(result: BenchResult) -> Iterator[str]:
    """Each reason behind the times once, with the rows that it holds for."""
    rows: dict[str, list[tuple[str, str]]] = {}
    for model in result.models:
        for each in model.measurements:
            for reason in why(result, model, each):
                rows.setdefault(reason, []).append((model.name, each.runtime))
    for reason, where in rows.items():
        yield f"{reason}: {_rows(result, where)}"


def _rows(result: BenchResult, where: list[tuple[str, str]]) -> str:
    """`every file on litert`, or `float32, int8-ptq`; the runtimes are told where not all are meant."""
    names, runtimes = dict.fromkeys(name for name, _ in where), dict.fromkeys(kind for _, kind in where)
    every = len(names) == len(result.models) and len(names) > 1
    files = "every file" if every else ", ".join(model_labels(result)[name] for name in names)
    return files if len(runtimes) == len(result.runtimes) else f"{files} on {', '.join(runtimes)}"


def worst_line(result: BenchResult, most: int = 3) -> str | None:
    """The images that the reference (else the first model) finds hardest."""
    measured = [(model, model.quality(next(iter(result.runtimes)))) for model in result.models]
    chosen = [(model, quality) for model, quality in measured if quality]
    if not chosen:
        return None
    model, quality = next(
        ((model, quality) for model, quality in chosen if model.name == result.reference), chosen[0]
    )
    images = ", ".join(f"{image.stem} ({image.counts.dice:.3f})" for image in quality.worst[:most])
    return f"least Dice of {model_labels(result)[model.name]}: {images}"


def failure_lines(result: BenchResult) -> list[str]:
    """`MODEL (RUNTIME, threads 1, 2): reason`, one line for each reason."""
    reasons: dict[tuple[str, str, str], list[int]] = {}
    for model, each, failure in result.failures:
        reasons.setdefault((model.name, each.runtime, failure.reason), []).append(each.threads)
    files = [
        f"{name} ({runtime}, {_threads(threads)}): {why}" for (name, runtime, why), threads in reasons.items()
    ]
    keras = [
        f"{run.name} (Keras, batch {run.batch}): {run.failure.reason}" for run in result.host if run.failure
    ]
    return [*files, *keras]


def _threads(numbers: list[int]) -> str:
    return f"threads {', '.join(map(str, numbers))}"


def machine_line(result: BenchResult) -> str:
    """Where it was measured, and by what, in a line."""
    machine = result.machine
    features = ", ".join(machine.cpu_features)
    board = f"{machine.board}, " if machine.board else ""
    runtimes = ", ".join(dict.fromkeys(result.runtimes.values()))
    return (
        f"{board}{machine.cpu or machine.architecture}{f' ({features})' if features else ''}, "
        f"{counted(machine.cores, 'core')}, {runtimes}, {machine.system}"
    )


def remarks(result: BenchResult) -> Iterator[str]:
    """What makes the figures doubtful, with what to do about it."""
    yield from doubts(result.conditions)
    yield from hints(result.conditions)
    for model in result.models:
        for each in model.measurements:
            if not each.runs:
                continue
            row = f"{model.name} ({each.runtime}, {_threads([each.threads])})"
            if each.spread > UNSTEADY:
                yield (
                    f"{row}: times vary by {100 * each.spread:.0f} % (median absolute deviation); bench "
                    "again with more --rounds on a quiet machine"
                )
            elif not all(run.stable for run in each.runs) and result.options.warmup_seconds >= 1:
                yield f"{row}: times had not settled when the warm-up ended; give it more with --warmup"
    if any(m.threads > result.machine.cores for model in result.models for m in model.measurements):
        yield f"more threads than the {result.machine.cores} cores that are available"
