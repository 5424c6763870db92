"""How far two cells of the table are apart, and how sure that is.

Two things make a difference uncertain: which images were in the test split (source images are drawn, the
same for both cells), and which random numbers the trainings drew (the spread over seeds). The second is
measured on the combinations that have several seeds, and taken for all of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import variance

import numpy as np

from edgeseg.host.study.findings.results import File, Floats, StudyResults, mean_over, seed_means
from edgeseg.metrics.statistics import Interval, percentile_interval, student_t

#: With fewer degrees of freedom a spread is a guess.
_LEAST_FREEDOM = 2


@dataclass(frozen=True, slots=True)
class Difference:
    """One cell's metric less another's.

    Attributes:
        value: of the metric, from -1 to 1.
        interval: 95 %; None where nothing tells (test tiles of one image, or single seeds).
    """

    value: float
    interval: Interval | None

    @property
    def above(self) -> bool:
        """Whether it is more than chance that the first has more."""
        return self.interval is not None and self.interval[0] > 0

    @property
    def below(self) -> bool:
        """Whether it is more than chance that the first has less."""
        return self.interval is not None and self.interval[1] < 0

    @property
    def text(self) -> str:
        """In points (hundredths), as people read it."""
        if self.interval is None:
            return f"{100 * self.value:+.2f} points (no interval)"
        low, high = self.interval
        return f"{100 * self.value:+.2f} points ({100 * low:+.2f} to {100 * high:+.2f})"


@dataclass(frozen=True, slots=True)
class SeedSpread:
    """How much the mean of a metric differs from training to training of one combination.

    Attributes:
        variance: of one training's, pooled over the combinations with several seeds.
        freedom: its degrees of freedom.
    """

    variance: float
    freedom: int


def seed_spread(results: StudyResults, step: str, metric: str) -> SeedSpread | None:
    """Measured on the combinations that have several seeds; None where they are too few to tell."""
    groups = [
        seed_means(files, metric)
        for combination in results.plan.combinations
        if len(files := results.of(combination, step)) > 1
    ]
    freedom = sum(len(group) - 1 for group in groups)
    if freedom < _LEAST_FREEDOM:
        return None
    return SeedSpread(sum(variance(group) * (len(group) - 1) for group in groups) / freedom, freedom)


def between_combinations(
    results: StudyResults, first: Sequence[File], second: Sequence[File], metric: str
) -> Difference:
    """Networks that were trained apart: images and seeds make it uncertain.

    The degrees of freedom are Welch's and Satterthwaite's.
    """
    a, b = mean_over(first, metric), mean_over(second, metric)
    value = float(a.mean() - b.mean())
    spread = seed_spread(results, first[0].step, metric)
    if spread is None or results.sources < 2:
        return Difference(value, None)
    of_images = float(results.draws(a - b).var())
    of_seeds = spread.variance * (1 / len(first) + 1 / len(second))
    total = of_images + of_seeds
    freedom = round(spread.freedom * (total / of_seeds) ** 2) if of_seeds else 10_000
    return _around(value, math.sqrt(total), freedom)


def between_variants(
    results: StudyResults, first: Sequence[File], second: Sequence[File], metric: str
) -> Difference:
    """Files of the same network, one each: images alone make it uncertain."""
    change = mean_over(first, metric) - mean_over(second, metric)
    interval = percentile_interval(results.draws(change)) if results.sources > 1 else None
    return Difference(float(change.mean()), interval)


def over_networks(results: StudyResults, pairs: Sequence[tuple[File, File]], metric: str) -> Difference:
    """The mean over networks of what a variant changes: images, and which networks they were.

    Args:
        results: of the study.
        pairs: the two files of each network.
        metric: one of `metrics.pixels.NAMES`.
    """
    changes = [mean_over([first], metric) - mean_over([second], metric) for first, second in pairs]
    each = [float(change.mean()) for change in changes]
    value = float(np.mean(each))
    if len(pairs) <= _LEAST_FREEDOM or results.sources < 2:
        return Difference(value, None)
    together: Floats = np.mean(changes, axis=0)
    total = float(results.draws(together).var()) + variance(each) / len(each)
    return _around(value, math.sqrt(total), len(each) - 1)


def pairs_of(results: StudyResults, step: str, base: str) -> list[tuple[File, File]]:
    """The files that the steps `step` and `base` made of every network that has both."""
    bases = {file.network: file for file in results.files if file.step == base}
    return [
        (file, bases[file.network]) for file in results.files if file.step == step and file.network in bases
    ]


def _around(value: float, error: float, freedom: int) -> Difference:
    half = student_t(freedom) * error
    return Difference(value, (value - half, value + half))
