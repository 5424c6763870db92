"""Limits on time: judged on the machine of the baseline alone, and broken only when a second run agrees.

A gate on milliseconds that fails for other reasons than the files is soon switched off. So another
machine, another runtime, a machine that was busy or slowed down, and a bench that saw the excess only once
are each said in one sentence, and fail nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from edgeseg.bench.figures import P50
from edgeseg.bench.result import BenchResult
from edgeseg.budget.facts import ModelFacts
from edgeseg.budget.judgement import Judgement, sentence_beyond
from edgeseg.budget.limits import Budgets, Limit
from edgeseg.budget.medians import Median, Medians
from edgeseg.errors import ResultError
from edgeseg.machine.description import Machine
from edgeseg.machine.doubts import doubts
from edgeseg.text import counted

#: Beyond a bound by less than this is rounding, in milliseconds.
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """The times in one bench result.

    Attributes:
        machine: where, as `name_machine` has it.
        doubts: why the times are not to be trusted, one sentence each.
        medians: of every file.
    """

    machine: str
    doubts: tuple[str, ...]
    medians: Medians


def name_machine(machine: Machine) -> str:
    """What must be the same for two times to be compared, in words.

    Returns:
        `Raspberry Pi 4 Model B Rev 1.4, Cortex-A72 (fp16), 4 cores, aarch64`.
    """
    features = f" ({' '.join(machine.cpu_features)})" if machine.cpu_features else ""
    quota = f"the time of {machine.cpu_quota:g}" if machine.cpu_quota is not None else None
    cores = f"{machine.cores} cores"
    parts = [machine.board, f"{machine.cpu}{features}", cores, quota, machine.architecture]
    return ", ".join(part for part in parts if part)


def timing_of_result(result: BenchResult) -> Timing:
    """Take the times from a bench result in which nothing failed."""
    return Timing(
        machine=name_machine(result.machine),
        doubts=tuple(doubts(result.conditions)),
        medians={
            model.name: {
                f"{each.runtime}, {counted(each.threads, 'thread')}": Median(
                    p50_ms=P50.number(each) or 0, runtime=result.runtimes[each.runtime]
                )
                for each in model.measurements
            }
            for model in result.models
        },
    )


def refuse_unlike(first: BenchResult, second: BenchResult, *, path: Path) -> None:
    """Refuse a second run that cannot confirm the first one.

    Args:
        first: the result that is checked.
        second: the one to confirm it.
        path: of the second, for the sentence.

    Raises:
        ResultError: it is the same run, or one of other files, of another machine or with other options.
    """
    if first == second:
        raise ResultError(f"expected a second run in {path}, but it is the first one again; bench once more")
    sides = [_identity(result) for result in (first, second)]
    for name, (here, there) in _differing(*sides).items():
        raise ResultError(
            f"expected a second run of the same files in the same way in {path}, but it differs in {name} "
            f"({here} in the first, {there} in the second); bench twice with the same command"
        )


def _identity(result: BenchResult) -> dict[str, object]:
    files = {f"the SHA-256 of {model.name}": model.sha256 for model in result.models}
    return {
        **files,
        **asdict(result.machine),
        "the runtimes' versions": dict(result.runtimes),
        **asdict(result.options),
    }


def _differing(one: Mapping[str, object], other: Mapping[str, object]) -> dict[str, tuple[object, object]]:
    names = [*one, *(name for name in other if name not in one)]
    pairs = {name: (one.get(name, "missing"), other.get(name, "missing")) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def judge_latency(
    model: ModelFacts, limit: Limit, budgets: Budgets, *, timing: Timing | None, second: Timing | None
) -> Iterator[Judgement]:
    """Judge the times of one file: a judgement for each runtime and number of threads.

    Args:
        model: the file.
        limit: on its latency.
        budgets: with the medians of the baseline.
        timing: of the bench result; `None` where model files were read.
        second: of the run that confirms.
    """
    if timing is None:
        yield _not_judged(model, limit, "times are not in a model file; check the JSON of `edgeseg bench`")
        return
    unsure = [*timing.doubts, *(second.doubts if second else ())]
    if unsure:
        yield _not_judged(model, limit, unsure[0])
        return
    for row, median in timing.medians[model.name].items():
        known = {machine: files.get(model.name, {}).get(row) for machine, files in budgets.latency.items()}
        start = known.get(timing.machine)
        if start is None or start.runtime != median.runtime:
            why = _no_baseline(median, timing.machine, known)
            yield _not_judged(model, limit, why, row=row, value=median.p50_ms)
        else:
            again = second.medians[model.name][row].p50_ms if second else None
            yield _judge_row(model, limit, row, value=median.p50_ms, again=again, baseline=start.p50_ms)


def _not_judged(
    model: ModelFacts, limit: Limit, why: str, *, row: str = "", value: float | None = None
) -> Judgement:
    what = f"{model.name}: latency{f' ({row})' if row else ''}"
    return Judgement(
        file=model.name,
        limit=limit,
        verdict="not judged",
        sentence=f"{what} not judged: {why}",
        row=row,
        value=value,
    )


def _no_baseline(median: Median, machine: str, known: Mapping[str, Median | None]) -> str:
    here, record = known.get(machine), "--update records one"
    if here is not None:
        return f"the baseline is of {here.runtime}, this result of {median.runtime}; {record}"
    for other, there in known.items():
        if there is not None:
            return f"the baseline is of another machine ({other}), this result of {machine}; {record}"
    return f"there is no baseline of it on this machine ({machine}); {record}"


def _judge_row(
    model: ModelFacts, limit: Limit, row: str, *, value: float, again: float | None, baseline: float
) -> Judgement:
    bound = limit.bound(baseline)
    judgement = Judgement(
        file=model.name, limit=limit, verdict="ok", row=row, value=value, bound=bound, baseline=baseline
    )
    if value <= bound + _ROUNDING or (again is not None and again <= bound + _ROUNDING):
        return judgement
    sentence = sentence_beyond(
        f"{model.name}: latency ({row})", limit, value=value, bound=bound, baseline=baseline
    )
    if again is None:
        ending = "bench once more in the same way and pass that result as --confirm, for it counts only then"
        return replace(judgement, verdict="unconfirmed", sentence=f"{sentence}; {ending}")
    return replace(judgement, verdict="broken", sentence=f"{sentence}, confirmed by {again:,.3f} ms")
