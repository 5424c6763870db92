"""Every row of a result (a file, a runtime, a number of threads) as plain values by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from edgeseg.bench.figure import NOTHING, Figure
from edgeseg.bench.figures import (
    CELL_F1,
    DICE,
    FILE_BYTES,
    OF_QUALITY,
    P50,
    file_summary,
    quality_summary,
    summary,
)
from edgeseg.bench.measurement import Measurement
from edgeseg.bench.quality import QualityResult
from edgeseg.bench.readers import Value
from edgeseg.bench.result import BenchResult, ModelResult
from edgeseg.bench.table import model_labels
from edgeseg.comparison.change import Change
from edgeseg.comparison.changes import Label, change_of
from edgeseg.report.pareto import front


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
        cell_change: of the F1 of cells against it, where it tells cells apart and the truth does, too; else
            `None`.
        values: by the names of `columns.COLUMNS`; those of the result's JSON are as they stand there.
    """

    label: str
    model: ModelResult
    measurement: Measurement
    quality: QualityResult | None
    base: str | None
    change: Change | None
    cell_change: Change | None
    values: Mapping[str, Value | None]

    @property
    def setting(self) -> tuple[str, int]:
        """Runtime and number of threads: only rows of one setting are compared."""
        return self.measurement.runtime, self.measurement.threads

    def number(self, figure: Figure[Any]) -> float | None:
        """A figure's value; `None` where it was not measured."""
        value = self.values.get(figure.key)
        return value if isinstance(value, int | float) else None

    def text(self, figure: Figure[Any]) -> str:
        """A figure's value as its column shows it."""
        return figure.column.text(self) if figure.column else NOTHING


def base_of(result: BenchResult, runtime: str) -> ModelResult | None:
    """The file that others' Dice is compared with: the reference, else, in that runtime, the best one."""
    measured = [(model, quality) for model in result.models if (quality := model.quality(runtime))]
    for model, _ in measured:
        if model.name == result.reference:
            return model
    return max(measured, key=lambda pair: DICE.number(pair[1]) or 0)[0] if measured else None


def make_rows(result: BenchResult) -> tuple[Row, ...]:
    """All rows in the order of the result, those that failed too."""
    labels = model_labels(result)
    bases = {runtime: base_of(result, runtime) for runtime in result.runtimes}
    by_labels = result.dataset is not None and result.dataset.truth == "labels"
    judged = {
        runtime: (DICE, CELL_F1) if by_labels and base and base.tells_apart else (DICE,)
        for runtime, base in bases.items()
    }
    changes = {
        (model.name, runtime): {
            figure.name: _change(figure, model, base, runtime) for figure in judged[runtime]
        }
        for model in result.models
        for runtime, base in bases.items()
    }
    rows = [
        _row(labels, model, each, bases[each.runtime], changes[model.name, each.runtime])
        for model in result.models
        for each in model.measurements
    ]
    return _with_fronts(rows)


def _change(
    figure: Figure[QualityResult], model: ModelResult, base: ModelResult | None, runtime: str
) -> Change | None:
    mine, other = model.quality(runtime), base.quality(runtime) if base else None
    if mine is None or other is None:
        return None
    return change_of(Label(model.name, runtime), figure, other, mine)


def _row(
    labels: Mapping[str, str],
    model: ModelResult,
    measurement: Measurement,
    base: ModelResult | None,
    changes: Mapping[str, Change | None],
) -> Row:
    failure, change = measurement.failure, changes[DICE.name]
    quality = None if failure else model.quality(measurement.runtime)
    values: dict[str, Value | None] = {
        "model": model.name,
        "variant": model.variant,
        "runtime": measurement.runtime,
        "threads": measurement.threads,
        "state": f"failed: {failure.kind}" if failure else "measured",
        **file_summary(model),
    }
    if not failure:
        values |= quality_summary(quality) | _dice_values(quality, change) | summary(measurement)
    return Row(
        label=labels[model.name], model=model, measurement=measurement, quality=quality, values=values,
        base=labels[base.name] if base else None, change=None if failure else change,
        cell_change=None if failure else changes.get(CELL_F1.name),
    )  # fmt: skip


def _dice_values(quality: QualityResult | None, change: Change | None) -> dict[str, Value | None]:
    """How sure Dice is, and how it differs from that of the base."""
    if quality is None:
        return {}
    values: dict[str, Value | None] = {}
    for figure in OF_QUALITY:
        if figure.with_interval:
            low, high = figure.interval(quality) or (None, None)
            values |= {f"{figure.name}_low": low, f"{figure.name}_high": high}
    less, more = (change and change.interval) or (None, None)
    return values | {
        "dice_change": change.change if change else None, "dice_change_low": less, "dice_change_high": more,
    }  # fmt: skip


def settings(rows: Iterable[Row]) -> list[tuple[str, int]]:
    """The runtimes and numbers of threads, in the order of the rows."""
    return list(dict.fromkeys(row.setting for row in rows))


def _with_fronts(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Say of each row where nothing beats it among those of its setting: in bytes, in time, or nowhere."""
    found: dict[int, list[str]] = {number: [] for number in range(len(rows))}
    for setting in settings(rows):
        for name, cost in (("bytes", FILE_BYTES), ("time", P50)):
            points = [
                (number, (row.number(cost) or 0, row.number(DICE) or 0))
                for number, row in enumerate(rows)
                if row.setting == setting and row.quality and row.number(cost) is not None
            ]
            for (number, _), best in zip(points, front([point for _, point in points]), strict=True):
                found[number] += [name] * best
    return tuple(
        replace(row, values={**row.values, "front": ", ".join(found[number])})
        for number, row in enumerate(rows)
    )
