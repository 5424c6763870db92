"""Recording a baseline in budgets.toml, with the comments of the people who keep it left alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import Table

from edgeseg.budget.changes import BaselineChange, find_changes
from edgeseg.budget.facts import ModelFacts
from edgeseg.budget.limited import LATENCY, name_of
from edgeseg.budget.limits import Budgets, parse_budgets
from edgeseg.budget.medians import Median
from edgeseg.budget.times import Timing

_HEAD = """\
# Budgets of model files: `edgeseg check` fails where one is broken.
# Relative limits count from the baseline below, which `edgeseg check --update` records.

[models."*"]
"""
#: What a new file starts with, of what was measured: nothing may get worse than it is now.
_NEW_LIMITS = {
    "bytes": 'max_growth_bytes = "2 %"',
    "gzip_bytes": 'max_growth_gzip_bytes = "2 %"',
    "macs": 'max_growth_macs = "2 %"',
    "operator_kinds": 'operator_kinds = "baseline"',
    "float_operators": "max_growth_float_operators = 0",
    "partitions": "max_growth_partitions = 0",
    "arena_bytes": 'max_growth_arena_bytes = "2 %"',
    "dice": "max_drop_dice = 0.005",
    "cell_f1": "max_drop_cell_f1 = 0.01",
}


def new_budgets(models: Sequence[ModelFacts]) -> str:
    """The text of a budgets.toml that allows next to no growth, without a baseline."""
    lines = [line for metric, line in _NEW_LIMITS.items() if all(metric in model.values for model in models)]
    return _HEAD + "\n".join(lines) + "\n"


def update_baseline(
    text: str, models: Sequence[ModelFacts], *, path: Path, timing: Timing | None = None, prune: bool = False
) -> tuple[str, list[BaselineChange], list[str]]:
    """Put the values of `models` into the baseline; what was not measured stays as it is.

    Args:
        text: of the budgets.toml.
        models: what was measured.
        path: of the file, for sentences.
        timing: times of the same bench. They are recorded for files with a limit on latency, where the
            bench raises no doubt.
        prune: drop the baseline of files that are not among `models`.

    Returns:
        The new text, what changed, and the files whose baseline was dropped.

    Raises:
        ConfigError: the text is no valid budgets.toml.
    """
    budgets = parse_budgets(text, path=path)
    document = tomlkit.parse(text)
    changes = find_changes(models, budgets.baseline)
    for change in changes:
        _table(document, "baseline", change.file)[name_of(change.figure)] = _plain(change.new)
    if timing and not timing.doubts:
        changes += _record_times(document, models, budgets, timing)
    gone = budgets.gone(models) if prune else []
    for file in gone:
        for tables in (document.get("baseline", {}), *document.get("latency", {}).values()):
            tables.pop(file, None)
    return tomlkit.dumps(document), changes, gone


def _record_times(
    document: tomlkit.TOMLDocument, models: Sequence[ModelFacts], budgets: Budgets, timing: Timing
) -> list[BaselineChange]:
    changes = []
    known = budgets.latency.get(timing.machine, {})
    for model in models:
        if not budgets.limit_times([model]):
            continue
        for row, measured in timing.medians[model.name].items():
            old = known.get(model.name, {}).get(row)
            # Upwards, so that a file never exceeds its own baseline.
            new = Median(p50_ms=math.ceil(measured.p50_ms * 1e3) / 1e3, runtime=measured.runtime)
            if old != new:
                entry = tomlkit.inline_table()
                entry.update(asdict(new))
                _table(document, "latency", timing.machine, model.name)[row] = entry
                before = old.p50_ms if old else None
                changes.append(
                    BaselineChange(file=model.name, figure=LATENCY, old=before, new=new.p50_ms, row=row)
                )
    return changes


def _table(document: tomlkit.TOMLDocument, *names: str) -> Table:
    """The table `[names[0]."names[1]"...]`, made where there is none."""
    table: Any = document
    for depth, name in enumerate(names, start=1):
        if name not in table:
            table[name] = tomlkit.table(is_super_table=depth < len(names))
        table = table[name]
    found: Table = table
    return found


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
