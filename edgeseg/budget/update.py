"""Recording a baseline in budgets.toml, with the comments of the people who keep it left alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import Table

from edgeseg.budget.check import format_value
from edgeseg.budget.facts import METRICS, Metric, ModelFacts
from edgeseg.budget.limits import parse_budgets

#: What a new file starts with: nothing may get worse than it is now.
_NEW = """\
# Budgets of model files: `edgeseg check` fails where one is broken.
# Relative limits count from the baseline below, which `edgeseg check --update` records.

[models."*"]
max_growth_bytes = "2 %"
max_growth_gzip_bytes = "2 %"
max_growth_float_operators = 0
max_growth_partitions = 0
"""
_NEW_DICE = "max_drop_dice = 0.005\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A baseline value that is new or another than before.

    Attributes:
        file: name of the model file.
        metric: which.
        old: value, or `None`.
        new: value.
    """

    file: str
    metric: Metric
    old: float | None
    new: float

    def __str__(self) -> str:
        new = format_value(self.metric, self.new)
        if self.old is None:
            return f"{self.file}: {self.metric.name} {new} (new)"
        share = f" ({100 * (self.new / self.old - 1):+.1f} %)" if self.old else ""
        return f"{self.file}: {self.metric.name} {format_value(self.metric, self.old)} -> {new}{share}"

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data."""
        return {"file": self.file, "metric": self.metric.name, "old": self.old, "new": self.new}


def update_baseline(
    text: str | None, models: Sequence[ModelFacts], *, path: Path
) -> tuple[str, list[Change]]:
    """Put the values of `models` into the baseline; what was not measured stays as it is.

    Args:
        text: of the budgets.toml, or `None` for a new one, which gets limits that allow no growth.
        models: what was measured.
        path: of the file, for sentences.

    Returns:
        The new text, and what changed.

    Raises:
        ConfigError: the text is no valid budgets.toml.
    """
    if text is None:
        text = _NEW + (_NEW_DICE if all("dice" in model.values for model in models) else "")
    before = parse_budgets(text, path=path).baseline
    document = tomlkit.parse(text)
    baseline = document.setdefault("baseline", tomlkit.table(is_super_table=True))
    changes = []
    for model in models:
        known = before.get(model.name, {})
        for metric in METRICS:
            if metric.name not in model.values:
                continue
            new = _rounded(metric, model.values[metric.name])
            if known.get(metric.name) != new:
                _table(baseline, model.name)[metric.name] = new
                changes.append(Change(file=model.name, metric=metric, old=known.get(metric.name), new=new))
    return tomlkit.dumps(document), changes


def _table(baseline: Table, name: str) -> Table:
    if name not in baseline:
        baseline.append(name, tomlkit.table())
    table: Table = baseline[name]
    return table


def _rounded(metric: Metric, value: float) -> float:
    # Downwards, so that a file never falls short of its own baseline.
    return math.floor(value * 1e6) / 1e6 if metric.unit == "share" else int(value)
