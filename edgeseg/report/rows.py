"""Every row of a result (a file, a runtime, a number of threads) as plain values by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from edgeseg.bench.intervals import quality_interval
from edgeseg.bench.measurement import Measurement
from edgeseg.bench.quality import QualityResult
from edgeseg.bench.result import BenchResult, ModelResult
from edgeseg.bench.table import model_labels
from edgeseg.comparison.change import Change
from edgeseg.comparison.figures import Label, quality_changes
from edgeseg.report.pareto import front

Value = float | str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measurement.

    Attributes:
        label: what to call the file.
        model: the file.
        measurement: in one runtime with one number of threads.
        quality: of the file in that runtime; `None` where it was not measured.
        base: what the file is called that Dice is compared with, `base_of` the runtime.
        change: of Dice against it; `None` where either was not measured.
        values: by the names of `columns.COLUMNS`; those of the result's JSON are as they stand there.
    """

    label: str
    model: ModelResult
    measurement: Measurement
    quality: QualityResult | None
    base: str | None
    change: Change | None
    values: Mapping[str, Value]

    @property
    def setting(self) -> tuple[str, int]:
        """Runtime and number of threads: only rows of one setting are compared."""
        return self.measurement.runtime, self.measurement.threads

    def number(self, name: str) -> float | None:
        """One of the values that are numbers."""
        value = self.values.get(name)
        return None if isinstance(value, str) else value


def base_of(result: BenchResult, runtime: str) -> ModelResult | None:
    """The file that others' Dice is compared with: the reference, else, in that runtime, the best one."""
    measured = [(model, quality) for model in result.models if (quality := model.quality(runtime))]
    for model, _ in measured:
        if model.name == result.reference:
            return model
    return max(measured, key=lambda pair: pair[1].pooled["dice"])[0] if measured else None


def make_rows(result: BenchResult) -> tuple[Row, ...]:
    """All rows in the order of the result, those that failed too."""
    labels = model_labels(result)
    bases = {runtime: base_of(result, runtime) for runtime in result.runtimes}
    changes = {
        (model.name, runtime): _change(model, base, runtime)
        for model in result.models
        for runtime, base in bases.items()
    }
    rows = [
        _row(labels, model, each, bases[each.runtime], changes[model.name, each.runtime])
        for model in result.models
        for each in model.measurements
    ]
    return _with_fronts(rows)


def _change(model: ModelResult, base: ModelResult | None, runtime: str) -> Change | None:
    mine, other = model.quality(runtime), base.quality(runtime) if base else None
    if mine is None or other is None:
        return None
    changes = quality_changes(Label(model.name, runtime), other, mine, same_reference=False)
    return next(change for change in changes if change.metric.name == "dice")


def _row(
    labels: Mapping[str, str],
    model: ModelResult,
    measurement: Measurement,
    base: ModelResult | None,
    change: Change | None,
) -> Row:
    failure = measurement.failure
    quality = None if failure else model.quality(measurement.runtime)
    values: dict[str, Value] = {
        "model": model.name,
        "variant": model.variant,
        "runtime": measurement.runtime,
        "threads": measurement.threads,
        "state": f"failed: {failure.kind}" if failure else "measured",
        **_file_values(model),
    }
    if not failure:
        values |= {**_quality_values(model, measurement.runtime, change), **measurement.summary}
    return Row(
        label=labels[model.name], model=model, measurement=measurement, quality=quality, values=values,
        base=labels[base.name] if base else None, change=None if failure else change,
    )  # fmt: skip


def _file_values(model: ModelResult) -> dict[str, Value]:
    size, audit = model.size, model.audit
    values: dict[str, Value] = {}
    if size:
        values |= {
            "file_bytes": size.file_bytes,
            "raw_bytes": size.raw_bytes,
            "gzip_bytes": size.gzip_bytes,
            "xz_bytes": size.xz_bytes,
        }
    if audit:
        values |= {
            "arena_bytes": audit.arena_bytes,
            "macs": audit.macs,
            "partitions": audit.partitions,
            "operators": sum(audit.operators.values()),
            "float_operators": len(audit.float_operators),
        }
    return values


def _quality_values(model: ModelResult, runtime: str, change: Change | None) -> dict[str, Value]:
    """Of all numbers of threads, the first has what the file finds."""
    for each in model.measurements:
        if each.runtime == runtime and each.quality:
            interval = quality_interval(each.quality, "dice")
            low, high = interval or (None, None)
            less, more = (change and change.interval) or (None, None)
            return {
                **each.summary,
                "dice_low": low, "dice_high": high,
                "dice_change": change.change if change else None,
                "dice_change_low": less, "dice_change_high": more,
            }  # fmt: skip
    return {}


def settings(rows: Iterable[Row]) -> list[tuple[str, int]]:
    """The runtimes and numbers of threads, in the order of the rows."""
    return list(dict.fromkeys(row.setting for row in rows))


def _with_fronts(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Say of each row where nothing beats it among those of its setting: in bytes, in time, or nowhere."""
    found: dict[int, list[str]] = {number: [] for number in range(len(rows))}
    for setting in settings(rows):
        for name, cost in (("bytes", "file_bytes"), ("time", "p50_ms")):
            points = [
                (number, (row.number(cost) or 0, row.number("dice_pooled") or 0))
                for number, row in enumerate(rows)
                if row.setting == setting and row.quality and row.number(cost) is not None
            ]
            for (number, _), best in zip(points, front([point for _, point in points]), strict=True):
                found[number] += [name] * best
    return tuple(
        replace(row, values={**row.values, "front": ", ".join(found[number])})
        for number, row in enumerate(rows)
    )
