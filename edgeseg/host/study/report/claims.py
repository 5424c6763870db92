"""What the paper claims, and whether it holds here.

Every claim is judged by F1 (Dice, the mean over the test images) and by 95 % intervals of differences:

- "more", "best", "worst": holds where every difference is more than chance, does not hold where one is more
  than chance the other way;
- "at least as good": holds where no file loses more than `MARGIN`, at the worse end of its interval.

In between, the study cannot tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from edgeseg.host.study.combination import Combination, parse_combination
from edgeseg.host.study.report.difference import (
    Difference,
    between_combinations,
    between_variants,
    over_networks,
    pairs_of,
)
from edgeseg.host.study.report.results import File, StudyResults, Training, seed_means

Verdict = Literal["holds", "does not hold", "cannot tell"]

#: Points of F1 that "at least as good" may lose: half a point, 0.005.
MARGIN = 0.005

#: The share of F1 by which the paper says that both quantizations stay within the base.
QUANTIZATION_LIMIT = 0.01

#: What claims are judged by.
METRIC = "dice"

_BASE = "float32"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One claim of the paper.

    Attributes:
        title: the claim.
        verdict: whether it holds here.
        evidence: sentences with the figures.
    """

    title: str
    verdict: Verdict
    evidence: tuple[str, ...]


class _MissingError(Exception):
    """Files that a claim is about were not made."""


def judge_claims(results: StudyResults) -> tuple[Claim, ...]:
    """All claims, in the order of the paper; one about what the study did not run cannot be told."""
    return tuple(_judge(title, judge, results) for title, judge in _CLAIMS.items())


def _judge(title: str, judge: Callable[[StudyResults], Claim], results: StudyResults) -> Claim:
    try:
        found = judge(results)
    except _MissingError as error:
        return Claim(title=title, verdict="cannot tell", evidence=(f"There is no {error} in this study.",))
    return Claim(title=title, verdict=found.verdict, evidence=found.evidence)


def _files(results: StudyResults, combination: str, what: str) -> list[File]:
    files = results.of(parse_combination(combination), what)
    if not files:
        raise _MissingError(f"{what} of {combination}")
    return files


def _claim(verdict: Verdict, evidence: Iterable[str]) -> Claim:
    return Claim(title="", verdict=verdict, evidence=tuple(evidence))


def _ordered(differences: Sequence[Difference]) -> Verdict:
    """Of differences that all should be above 0."""
    if any(each.below for each in differences):
        return "does not hold"
    return "holds" if all(each.above for each in differences) else "cannot tell"


def _not_worse(each: Difference, margin: float = MARGIN) -> bool:
    return each.interval is not None and each.interval[0] >= -margin


def _adagrad_worst(results: StudyResults) -> Claim:
    found = {
        f"{other} less adagrad, {what}": between_combinations(
            results, _files(results, f"bce+{other}", what), _files(results, "bce+adagrad", what), METRIC
        )
        for what in results.plan.variants
        for other in ("adam", "nadam", "rmsprop")
    }
    # Of each variant, the optimizer that is nearest to Adagrad says it for all.
    nearest = {
        min((each for each in found if each.endswith(f", {what}")), key=lambda each: found[each].value)
        for what in results.plan.variants
    }
    return _claim(
        _ordered(list(found.values())), _listed({each: found[each] for each in found if each in nearest})
    )


def _adam_and_rmsprop_best(results: StudyResults) -> Claim:
    found = {
        f"{good} less {other}": between_combinations(
            results, _files(results, f"bce+{good}", _BASE), _files(results, f"bce+{other}", _BASE), METRIC
        )
        for good in ("adam", "rmsprop")
        for other in ("nadam", "adagrad")
    }
    return _claim(_ordered(list(found.values())), _listed(found))


def _hybrids_as_good(results: StudyResults) -> Claim:
    found = {
        f"{loss} less bce": between_combinations(
            results, _files(results, f"{loss}+adam", _BASE), _files(results, "bce+adam", _BASE), METRIC
        )
        for loss in ("dice-bce", "dice-focal", "jaccard-bce")
    }
    if any(each.below for each in found.values()):
        return _claim("does not hold", _listed(found))
    return _claim("holds" if all(map(_not_worse, found.values())) else "cannot tell", _listed(found))


def _listed(found: dict[str, Difference]) -> Iterator[str]:
    yield from (f"{what}: {difference.text}." for what, difference in found.items())
    if all(each.interval is None for each in found.values()):
        yield (
            "How far trainings of one combination differ is not known: no combination has seeds enough "
            "([extra_seeds]), or all test images are tiles of one."
        )


def _changes(results: StudyResults, what: str) -> dict[File, Difference]:
    pairs = pairs_of(results, what, _BASE)
    if not pairs:
        raise _MissingError(f"{what} beside float32")
    return {file: between_variants(results, [file], [base], METRIC) for file, base in pairs}


def _quantized_within(results: StudyResults) -> Claim:
    verdicts, evidence = [], []
    for what in ("int8-ptq", "int8-qat"):
        changes = _changes(results, what)
        bases = {file.cell: float(file.values(METRIC).mean()) for file in results.files if file.what == _BASE}
        worst = min(changes, key=lambda file: changes[file].value)
        lost = [changes[file].value < -MARGIN for file in changes]
        evidence.append(
            f"{what}: {_range(changes.values())} over {len(changes)} networks; the most is lost by "
            f"{worst.cell}, {changes[worst].text}, {changes[worst].value / bases[worst.cell]:+.2%} of its "
            f"base; {sum(lost)} of {len(lost)} lose more than {100 * MARGIN:g} points."
        )
        for file, each in changes.items():
            limit = QUANTIZATION_LIMIT * bases[file.cell]
            too_low = each.interval is not None and each.interval[1] < -limit
            verdicts.append("no" if too_low else "yes" if _not_worse(each, limit) else "unknown")
    return _claim(
        "does not hold" if "no" in verdicts else "cannot tell" if "unknown" in verdicts else "holds", evidence
    )


def _pruned_as_good(results: StudyResults) -> Claim:
    changes = _changes(results, "pruned")
    together = over_networks(results, pairs_of(results, "pruned", _BASE), METRIC)
    worst = min(changes, key=lambda file: changes[file].value)
    gain, lose = (sum(getattr(each, way) for each in changes.values()) for way in ("above", "below"))
    evidence = [
        f"The mean over {len(changes)} networks: {together.text}.",
        f"Network by network: {_range(changes.values())}; the least is {worst.cell}, {changes[worst].text}.",
        f"More than chance: {gain} networks gain and {lose} lose.",
    ]
    if together.below:
        return _claim("does not hold", evidence)
    return _claim("holds" if all(map(_not_worse, changes.values())) else "cannot tell", evidence)


def _range(changes: Iterable[Difference]) -> str:
    values = [100 * each.value for each in changes]
    return f"{min(values):+.2f} to {max(values):+.2f} points"


def _pruned_rmsprop_best(results: StudyResults) -> Claim:
    chosen = _files(results, "jaccard-bce+rmsprop", "pruned")
    cells = [
        (combination, what)
        for combination in results.plan.combinations
        for what in results.plan.variants
        if results.of(combination, what)
    ]
    means = {cell: _mean(results.of(*cell)) for cell in cells}
    order = sorted(cells, key=means.__getitem__, reverse=True)
    own = (chosen[0].combination, "pruned")
    others = {cell: _apart(results, chosen, results.of(*cell)) for cell in cells if cell != own}
    best = next(cell for cell in order if cell != own)
    above, below = (sum(getattr(each, way) for each in others.values()) for way in ("above", "below"))
    evidence = [
        f"It is number {order.index(own) + 1} of {len(order)} cells, F1 {means[own]:.4f}.",
        f"Less the best other one, {best[0].name} {best[1]} ({means[best]:.4f}): {others[best].text}.",
        f"More than chance: above {above} cells, below {below}.",
    ]
    return _claim(_ordered(list(others.values())), evidence)


def _mean(files: Sequence[File]) -> float:
    means = seed_means(files, METRIC)
    return sum(means) / len(means)


def _apart(results: StudyResults, first: Sequence[File], second: Sequence[File]) -> Difference:
    same = first[0].combination == second[0].combination
    return (between_variants if same else between_combinations)(results, first, second, METRIC)


def _batch_six(results: StudyResults) -> Claim:
    contrast = batch_contrast(results)
    if not contrast:
        raise _MissingError("int8-qat with another batch size")
    name, sizes = contrast
    pairs = pairs_of(results, "int8-qat", name)
    if not pairs:
        raise _MissingError(f"{name} beside int8-qat")
    first, second = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    better = {metric: between_variants(results, first, second, metric) for metric in (METRIC, "precision")}
    combination = first[0].combination
    times = {what: _epoch_seconds(results, combination, what) for what in ("int8-qat", name)}
    faster = times["int8-qat"] < times[name]
    mine, others = sizes
    evidence = (
        f"F1 of batch {mine} less batch {others}, {combination.name}: {better[METRIC].text}.",
        f"Precision, likewise: {better['precision'].text}.",
        f"An epoch takes {times['int8-qat']:.1f} s with batch {mine}, {times[name]:.1f} s with {others}.",
    )
    if better[METRIC].below or not faster:
        return _claim("does not hold", evidence)
    return _claim("holds" if better[METRIC].above else "cannot tell", evidence)


def _epoch_seconds(results: StudyResults, combination: Combination, what: str) -> float:
    trainings: list[Training] = results.histories(combination, what)
    if not trainings:
        raise _MissingError(f"history of {what}")
    return sum(each.seconds for each in trainings) / len(trainings)


def batch_contrast(results: StudyResults) -> tuple[str, tuple[int, int]] | None:
    """The alternative that is int8-qat with another batch size; the usual size and its own."""
    usual = results.plan.fine_tuning.qat.batch_size
    for each in results.plan.alternatives:
        size = each.fine_tuning.qat.batch_size
        if each.variant == "int8-qat" and size != usual and each.name in results.columns:
            return each.name, (usual, size)
    return None


_CLAIMS: dict[str, Callable[[StudyResults], Claim]] = {
    "Of the optimizers with BCE, Adagrad is the worst": _adagrad_worst,
    "RMSprop and Adam are the best optimizers": _adam_and_rmsprop_best,
    "The hybrid losses are at least as good as BCE": _hybrids_as_good,
    "Both quantizations stay within 1 % of the base": _quantized_within,
    "Pruned networks are at least as good as the base": _pruned_as_good,
    "Jaccard-BCE with RMSprop, pruned, is the best of all": _pruned_rmsprop_best,
    "Quantization-aware training is better and faster with batch 6 than with batch 2": _batch_six,
}
