"""Judging files by their budgets: facts and limits in, judgements out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from edgeseg.bench.readers import Value
from edgeseg.budget.facts import ModelFacts
from edgeseg.budget.judgement import Judgement, sentence_beyond
from edgeseg.budget.limited import IMAGES, LATENCY, QUALITY_FIGURES, format_value, name_of
from edgeseg.budget.limits import KINDS_KEY, Budgets, Limit
from edgeseg.budget.times import Timing, judge_latency
from edgeseg.errors import ConfigError

#: Beyond a bound by less than this is rounding, in shares.
_ROUNDING = 1e-9


def check_budgets(
    models: Sequence[ModelFacts],
    budgets: Budgets,
    *,
    timing: Timing | None = None,
    second: Timing | None = None,
) -> list[Judgement]:
    """Judge every limit, in the order of the models, then of the file.

    Args:
        models: what to judge.
        budgets: by what.
        timing: the times of the same bench; `None` where model files were read.
        second: those of a second run, without which no time breaks a limit.

    Raises:
        ConfigError: there is no limit at all, a pattern fits no file, a relative limit has no baseline,
            or a limit is on something that was not measured. A limit on time is not judged there.
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
        judgement
        for model in models
        for limit in budgets.limits_for(model)
        for judgement in _judge(model, limit, budgets, timing=timing, second=second)
    ]


def broken(judgements: Iterable[Judgement]) -> list[Judgement]:
    """Those that fail the check."""
    return [each for each in judgements if each.verdict == "broken"]


def _judge(
    model: ModelFacts, limit: Limit, budgets: Budgets, *, timing: Timing | None, second: Timing | None
) -> Iterator[Judgement]:
    if limit.figure is LATENCY:
        yield from judge_latency(model, limit, budgets, timing=timing, second=second)
        return
    name = name_of(limit.figure)
    if name not in model.values:
        why = model.why_missing.get(name, "it was not measured")
        raise ConfigError(f"cannot check {limit.key} of {model.name}: {why}")
    value = model.values[name]
    baseline = budgets.baseline.get(model.name, {}).get(name)
    if limit.relative and baseline is None:
        raise ConfigError(
            f"{limit.key} of {model.name} needs a baseline, but {budgets.path} has none; --update records it"
        )
    if limit.relative and limit.figure in QUALITY_FIGURES:
        _refuse_other_data(model, limit, budgets)
    yield _judge_value(model, limit, value, baseline)


def _refuse_other_data(model: ModelFacts, limit: Limit, budgets: Budgets) -> None:
    there, here = (values.get(name_of(IMAGES)) for values in (budgets.baseline[model.name], model.values))
    if there and here and there != here:
        raise ConfigError(
            f"cannot check {limit.key} of {model.name}: its baseline is of other images ({there}) than this "
            f"result ({here}); bench on the same, or record a new baseline with --update"
        )


def _judge_value(model: ModelFacts, limit: Limit, value: Value, baseline: Value | None) -> Judgement:
    if limit.key == KINDS_KEY:
        bound: Value = limit.kinds
        if limit.relative and isinstance(baseline, tuple):
            bound = baseline
        sentence = _beyond_kinds(model, limit, value, bound)
    else:
        start = baseline if isinstance(baseline, int | float) else 0
        bound = limit.bound(start)
        sentence = _beyond(model, limit, value, bound, start)
    return Judgement(
        file=model.name,
        limit=limit,
        verdict="broken" if sentence else "ok",
        sentence=sentence,
        value=value,
        bound=bound,
        baseline=baseline,
    )


def _beyond_kinds(model: ModelFacts, limit: Limit, value: Value, allowed: Value) -> str:
    if not isinstance(value, tuple) or not isinstance(allowed, tuple):
        raise TypeError("kinds of operators are tuples of names")
    new = tuple(kind for kind in value if kind not in allowed)
    if not new:
        return ""
    names = format_value(limit.figure, new)
    what = f"operator {names} is" if len(new) == 1 else f"operators {names} are"
    where = "in the baseline" if limit.relative else "allowed"
    return f"{model.name}: {what} not {where} ({format_value(limit.figure, allowed)})"


def _beyond(model: ModelFacts, limit: Limit, value: Value, bound: float, start: float) -> str:
    figure = limit.figure
    if not isinstance(value, int | float):
        raise TypeError(f"{name_of(figure)} is a number")
    excess = bound - value if figure.higher_is_better else value - bound
    if excess <= (0 if figure.whole else _ROUNDING):
        return ""
    details = model.details.get(name_of(figure), "")
    return sentence_beyond(
        f"{model.name}: {name_of(figure)}",
        limit,
        value=value,
        bound=bound,
        baseline=start if limit.relative else None,
    ) + (f": {details}" if details else "")
