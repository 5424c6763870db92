"""What the paper claims, and whether it holds here.

Every claim is judged by F1 (Dice, the mean over the test images) and by 95 % intervals of differences:

- "more", "best", "worst": holds where every difference is more than chance, does not hold where one is more
  than chance the other way;
- "at least as good": holds where no file loses more than `MARGIN`, at the worse end of its interval.

In between, the study cannot tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from edgeseg.host.study.combination import Combination, parse_combination
from edgeseg.host.study.findings.cells import BASE, METRIC
from edgeseg.host.study.findings.difference import (
    Difference,
    between_combinations,
    between_variants,
    over_networks,
    pairs_of,
)
from edgeseg.host.study.findings.results import File, StudyResults, Training, seed_means
from edgeseg.host.study.paper.batches import find_batch_contrast

Verdict = Literal["holds", "does not hold", "cannot tell"]

#: Points of F1 that "at least as good" may lose: half a point, 0.005.
MARGIN = 0.005

#: The share of F1 by which the paper says that both quantizations stay within the base.
QUANTIZATION_LIMIT = 0.01


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


#: A verdict with its evidence.
_Judged = tuple[Verdict, Iterable[str]]


def judge_claims(results: StudyResults) -> tuple[Claim, ...]:
    """All claims, in the order of the paper; one about what the study did not run cannot be told."""
    return tuple(_judge(title, judge, results) for title, judge in _CLAIMS.items())


def _judge(title: str, judge: Callable[[StudyResults], _Judged], results: StudyResults) -> Claim:
    try:
        verdict, evidence = judge(results)
    except _MissingError as error:
        verdict, evidence = "cannot tell", (f"There is no {error} in this study.",)
    return Claim(title=title, verdict=verdict, evidence=tuple(evidence))


def _files(results: StudyResults, combination: str, step: str) -> list[File]:
    files = results.of(parse_combination(combination), step)
    if not files:
        raise _MissingError(f"{step} of {combination}")
    return files


def _verdict(*, wrong: bool, right: bool) -> Verdict:
    return "does not hold" if wrong else "holds" if right else "cannot tell"


def _ordered(differences: Iterable[Difference]) -> Verdict:
    """Of differences that all should be above 0."""
    each = list(differences)
    return _verdict(wrong=any(one.below for one in each), right=all(one.above for one in each))


def _not_worse(each: Difference, margin: float = MARGIN) -> bool:
    return each.interval is not None and each.interval[0] >= -margin


def _adagrad_worst(results: StudyResults) -> _Judged:
    found = {
        (variant, other): between_combinations(
            results,
            _files(results, f"bce+{other}", variant),
            _files(results, "bce+adagrad", variant),
            METRIC,
        )
        for variant in results.plan.variants
        for other in ("adam", "nadam", "rmsprop")
    }
    # Of each variant, the optimizer that is nearest to Adagrad says it for all.
    nearest = [
        min((each for each in found if each[0] == variant), key=lambda each: found[each].value)
        for variant in results.plan.variants
    ]
    shown = {f"{other} less adagrad, {variant}": found[variant, other] for variant, other in nearest}
    return _ordered(found.values()), _listed(shown)


def _adam_and_rmsprop_best(results: StudyResults) -> _Judged:
    found = {
        f"{good} less {other}": between_combinations(
            results, _files(results, f"bce+{good}", BASE), _files(results, f"bce+{other}", BASE), METRIC
        )
        for good in ("adam", "rmsprop")
        for other in ("nadam", "adagrad")
    }
    return _ordered(found.values()), _listed(found)


def _hybrids_as_good(results: StudyResults) -> _Judged:
    found = {
        f"{loss} less bce": between_combinations(
            results, _files(results, f"{loss}+adam", BASE), _files(results, "bce+adam", BASE), METRIC
        )
        for loss in ("dice-bce", "dice-focal", "jaccard-bce")
    }
    worse = any(each.below for each in found.values())
    return _verdict(wrong=worse, right=all(map(_not_worse, found.values()))), _listed(found)


def _listed(found: Mapping[str, Difference]) -> Iterator[str]:
    yield from (f"{what}: {difference.text}." for what, difference in found.items())
    if all(each.interval is None for each in found.values()):
        yield (
            "How far trainings of one combination differ is not known: no combination has seeds enough "
            "([extra_seeds]), or all test images are tiles of one."
        )


def _changes(results: StudyResults, variant: str) -> dict[File, Difference]:
    pairs = pairs_of(results, variant, BASE)
    if not pairs:
        raise _MissingError(f"{variant} beside float32")
    return {file: between_variants(results, [file], [base], METRIC) for file, base in pairs}


def _quantized_within(results: StudyResults) -> _Judged:
    too_low: list[bool] = []
    near: list[bool] = []
    evidence = []
    bases = {file.network: float(file.values(METRIC).mean()) for file in results.files if file.step == BASE}
    for variant in ("int8-ptq", "int8-qat"):
        changes = _changes(results, variant)
        worst = min(changes, key=lambda file: changes[file].value)
        lost = [changes[file].value < -MARGIN for file in changes]
        evidence.append(
            f"{variant}: {_range(changes.values())} over {len(changes)} networks; the most is lost by "
            f"{worst.network.name}, {changes[worst].text}, "
            f"{changes[worst].value / bases[worst.network]:+.2%} of its base; {sum(lost)} of {len(lost)} "
            f"lose more than {100 * MARGIN:g} points."
        )
        for file, each in changes.items():
            limit = QUANTIZATION_LIMIT * bases[file.network]
            too_low.append(each.interval is not None and each.interval[1] < -limit)
            near.append(_not_worse(each, limit))
    return _verdict(wrong=any(too_low), right=all(near)), evidence


def _pruned_as_good(results: StudyResults) -> _Judged:
    changes = _changes(results, "pruned")
    together = over_networks(results, pairs_of(results, "pruned", BASE), METRIC)
    worst = min(changes, key=lambda file: changes[file].value)
    gain, lose = (sum(getattr(each, way) for each in changes.values()) for way in ("above", "below"))
    evidence = [
        f"The mean over {len(changes)} networks: {together.text}.",
        (
            f"Network by network: {_range(changes.values())}; the least is {worst.network.name}, "
            f"{changes[worst].text}."
        ),
        f"More than chance: {gain} networks gain and {lose} lose.",
    ]
    return _verdict(wrong=together.below, right=all(map(_not_worse, changes.values()))), evidence


def _range(changes: Iterable[Difference]) -> str:
    values = [100 * each.value for each in changes]
    return f"{min(values):+.2f} to {max(values):+.2f} points"


def _pruned_rmsprop_best(results: StudyResults) -> _Judged:
    chosen = _files(results, "jaccard-bce+rmsprop", "pruned")
    cells = {
        f"{combination.name} {variant}": files
        for combination in results.plan.combinations
        for variant in results.plan.variants
        if (files := results.of(combination, variant))
    }
    own = f"{chosen[0].network.combination.name} pruned"
    means = {label: _mean(files) for label, files in cells.items()}
    order = sorted(cells, key=means.__getitem__, reverse=True)
    others = {label: _apart(results, chosen, files) for label, files in cells.items() if label != own}
    if not others:
        raise _MissingError("other cell")
    best = next(label for label in order if label != own)
    above, below = (sum(getattr(each, way) for each in others.values()) for way in ("above", "below"))
    evidence = [
        f"It is number {order.index(own) + 1} of {len(order)} cells, F1 {means[own]:.4f}.",
        f"Less the best other one, {best} ({means[best]:.4f}): {others[best].text}.",
        f"More than chance: above {above} cells, below {below}.",
    ]
    return _ordered(others.values()), evidence


def _mean(files: Sequence[File]) -> float:
    means = seed_means(files, METRIC)
    return sum(means) / len(means)


def _apart(results: StudyResults, first: Sequence[File], second: Sequence[File]) -> Difference:
    same = first[0].network.combination == second[0].network.combination
    return (between_variants if same else between_combinations)(results, first, second, METRIC)


def _batch_six(results: StudyResults) -> _Judged:
    contrast = find_batch_contrast(results)
    if not contrast:
        raise _MissingError("int8-qat with another batch size")
    pairs = [
        pair
        for pair in pairs_of(results, "int8-qat", contrast.alternative)
        if pair[0].network.combination == contrast.combination
    ]
    first, second = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    better = {metric: between_variants(results, first, second, metric) for metric in (METRIC, "precision")}
    times = {step: _epoch_seconds(results, contrast.combination, step) for step in contrast.sizes}
    mine, others = contrast.sizes.values()
    my_time, others_time = times.values()
    evidence = (
        f"F1 of batch {mine} less batch {others}, {contrast.combination.name}: {better[METRIC].text}.",
        f"Precision, likewise: {better['precision'].text}.",
        f"An epoch takes {my_time:.1f} s with batch {mine}, {others_time:.1f} s with {others}.",
    )
    wrong = better[METRIC].below or my_time >= others_time
    return _verdict(wrong=wrong, right=better[METRIC].above), evidence


def _epoch_seconds(results: StudyResults, combination: Combination, step: str) -> float:
    trainings: list[Training] = results.histories(combination, step)
    if not trainings:
        raise _MissingError(f"history of {step}")
    return sum(each.seconds for each in trainings) / len(trainings)


#: How claims are judged, for people.
HOW_JUDGED = (
    "Claims are judged by F1, the mean over the test images, and by 95 % intervals of differences. Between "
    "networks, an interval holds the choice of source images and the spread over seeds, which is measured on "
    "the combinations that have several; between files of one network, the choice of images. 'At least as "
    f"good' may lose {100 * MARGIN:g} points at most, at the worse end of the interval."
)

_CLAIMS: dict[str, Callable[[StudyResults], _Judged]] = {
    "Of the optimizers with BCE, Adagrad is the worst": _adagrad_worst,
    "RMSprop and Adam are the best optimizers": _adam_and_rmsprop_best,
    "The hybrid losses are at least as good as BCE": _hybrids_as_good,
    "Both quantizations stay within 1 % of the base": _quantized_within,
    "Pruned networks are at least as good as the base": _pruned_as_good,
    "Jaccard-BCE with RMSprop, pruned, is the best of all": _pruned_rmsprop_best,
    "Quantization-aware training is better and faster with batch 6 than with batch 2": _batch_six,
}
