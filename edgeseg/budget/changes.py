"""In what files differ from the baseline: the diff of `--update`, and the summary of a pull request."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edgeseg.bench.figure import Figure
from edgeseg.bench.readers import Value
from edgeseg.budget.facts import ModelFacts
from edgeseg.budget.limited import LIMITED, format_change, format_value, name_of, relative_change


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineChange:
    """A value that is another than in the baseline.

    Attributes:
        file: name of the model file.
        figure: which.
        old: value, or `None` for a new one.
        new: value.
        row: runtime and threads of a time, else empty.
    """

    file: str
    figure: Figure[Any]
    old: Value | None
    new: Value
    row: str = ""

    @property
    def label(self) -> str:
        """The metric, with the row of a time."""
        return f"{name_of(self.figure)} ({self.row})" if self.row else name_of(self.figure)

    @property
    def size(self) -> float:
        """To put the biggest first: the relative change, without its sign; what has none comes first."""
        share = relative_change(self.old, self.new)
        return math.inf if share is None else abs(share)

    def cells(self) -> list[str]:
        """Metric, old value, new value and their difference, as text; empty where there is no old value."""
        if self.old is None:
            return [self.label, "", format_value(self.figure, self.new), ""]
        values = (format_value(self.figure, value) for value in (self.old, self.new))
        return [self.label, *values, format_change(self.figure, self.old, self.new)]

    def __str__(self) -> str:
        new = format_value(self.figure, self.new)
        if self.old is None:
            return f"{self.file}: {self.label} {new} (new)"
        share = relative_change(self.old, self.new)
        if isinstance(self.new, tuple):
            tail = f" ({format_change(self.figure, self.old, self.new)})"
        else:
            tail = "" if share is None else f" ({100 * share:+.1f} %)"
        return f"{self.file}: {self.label} {format_value(self.figure, self.old)} -> {new}{tail}"

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data."""
        row = {"row": self.row} if self.row else {}
        return {"file": self.file, "metric": name_of(self.figure), **row, "old": self.old, "new": self.new}


def find_changes(
    models: Sequence[ModelFacts], baseline: Mapping[str, Mapping[str, Value]]
) -> list[BaselineChange]:
    """Every value of `models` that is new or another than in the baseline, in the order of the models."""
    changes = []
    for model in models:
        known = baseline.get(model.name, {})
        for figure in LIMITED:
            name = name_of(figure)
            if name in model.values:
                old, new = known.get(name), rounded(figure, model.values[name])
                if old != new:
                    changes.append(BaselineChange(file=model.name, figure=figure, old=old, new=new))
    return changes


def rounded(figure: Figure[Any], value: Value) -> Value:
    """As a baseline keeps it: rounded so that a file never breaks the baseline that it gave."""
    if isinstance(value, tuple | str):
        return value
    if figure.unit != "share":
        return int(value)
    return (math.floor if figure.higher_is_better else math.ceil)(value * 1e6) / 1e6
