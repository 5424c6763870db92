"""Judging files by their budgets: facts and limits in, violations out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from edgeseg.budget.facts import Metric, ModelFacts
from edgeseg.budget.limits import Budget, Budgets, Limit
from edgeseg.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A limit that a file breaks.

    Attributes:
        file: its name.
        limit: which.
        value: what was measured.
        bound: the greatest (Dice: least) value allowed.
        baseline: what a relative limit starts from, else `None`.
    """

    file: str
    limit: Limit
    value: float
    bound: float
    baseline: float | None

    @property
    def excess(self) -> float:
        """How far the value is beyond the bound, above 0."""
        return abs(self.value - self.bound)

    def __str__(self) -> str:
        metric = self.limit.metric
        verb, sign = ("is below", "-") if metric.higher_is_better else ("exceeds", "+")
        origin = ""
        if self.baseline is not None:
            origin = f" (baseline {format_value(metric, self.baseline)} {sign} {self.limit.text})"
        share = f" ({sign}{100 * self.excess / self.bound:.1f} %)" if self.bound else ""
        return (
            f"{self.file}: {metric.name} {format_value(metric, self.value)} {verb} the limit "
            f"{format_value(metric, self.bound)}{origin} by {format_value(metric, self.excess)}{share}"
        )

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data."""
        return {
            "file": self.file,
            "metric": self.limit.metric.name,
            "key": self.limit.key,
            "limit": self.bound,
            "value": self.value,
            "excess": self.excess,
            "baseline": self.baseline,
        }


def format_value(metric: Metric, value: float) -> str:
    """`2,100,000` for bytes and counts; six decimals for a share."""
    return f"{value:.6f}" if metric.unit == "share" else f"{value:,.0f}"


def check_budgets(models: Sequence[ModelFacts], budgets: Budgets) -> list[Violation]:
    """Find every limit that is broken, in the order of the models, then of the file.

    Raises:
        ConfigError: there is no limit at all, a pattern fits no file, a relative limit has no baseline,
            or a limit is on something that was not measured.
    """
    if not any(budget.limits for budget in budgets.budgets):
        raise ConfigError(f'expected limits in {budgets.path} under [models."PATTERN"], but there is none')
    for budget in budgets.budgets:
        if not any(budget.fits(model) for model in models):
            names = ", ".join(model.name for model in models)
            raise ConfigError(
                f'the pattern [models."{budget.pattern}"] in {budgets.path} fits no file; files: {names}'
            )
    return [
        violation
        for model in models
        for budget in applying(model, budgets)
        for limit in budget.limits
        if (violation := _judge(model, limit, budgets)) is not None
    ]


def applying(model: ModelFacts, budgets: Budgets) -> list[Budget]:
    """The budgets whose pattern fits a file."""
    return [budget for budget in budgets.budgets if budget.fits(model)]


def _judge(model: ModelFacts, limit: Limit, budgets: Budgets) -> Violation | None:
    metric = limit.metric
    if metric.name not in model.values:
        why = model.why_missing.get(metric.name, "it was not measured")
        raise ConfigError(f"cannot check {limit.key} of {model.name}: {why}")
    value = model.values[metric.name]
    baseline = budgets.baseline.get(model.name, {}).get(metric.name) if limit.relative else None
    if limit.relative and baseline is None:
        raise ConfigError(
            f"{limit.key} of {model.name} needs a baseline, but {budgets.path} has none; --update records it"
        )
    bound = limit.bound(baseline or 0)
    broken = value < bound if metric.higher_is_better else value > bound
    if not broken:
        return None
    return Violation(file=model.name, limit=limit, value=value, bound=bound, baseline=baseline)
