"""How sure a figure is: bootstrap intervals, and Student's t.

Intervals are percentile intervals of the bootstrap (Efron 1979, doi 10.1214/aos/1176344552). Tiles of one
microscope image look alike, so whole source images are drawn and not tiles: otherwise 160 tiles of ten images
would count as 160 images, and every interval would be far too narrow. Likewise the inferences of one process
are alike: processes are drawn first, then their samples.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import TypeVar

import numpy as np
import numpy.typing as npt

#: Draws of one interval; with more, its ends move by less than the last digit that is shown.
DRAWS = 2000

#: Per cent of the draws that an interval holds.
CONFIDENCE = 95

Interval = tuple[float, float]

Floats = npt.NDArray[np.float64]

Number = TypeVar("Number", int, float)

#: Above this many degrees of freedom a series gives Student's t to the last digits.
_MANY = 200

_Z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 200)


def draw_sources(sources: Sequence[str], *, seed: int = 0, draws: int = DRAWS) -> npt.NDArray[np.int64]:
    """How often each image is in each draw: source images are drawn with replacement, with all their tiles.

    The same sources in the same order give the same draws, so that two results on the same images can be
    compared draw by draw.

    Args:
        sources: the source image of each image, `(images,)`.
        seed: of the draws.
        draws: how many.

    Returns:
        `(draws, images)` int64.
    """
    names, number = np.unique(np.array(sources, dtype=object), return_inverse=True)
    chance = np.full(len(names), 1 / len(names))
    drawn = np.random.default_rng(seed).multinomial(len(names), chance, size=draws)
    times: npt.NDArray[np.int64] = drawn[:, number].astype(np.int64)
    return times


def draw_pooled(
    parts: Sequence[Sequence[Number]], sources: Sequence[str], pooled: Callable[[Sequence[Number]], float]
) -> Floats:
    """A figure of all images together in each draw of source images, `(DRAWS,)`.

    Args:
        parts: what each image adds to the sums that the figure is made of, as its counts of pixels:
            `(images, sums)`.
        sources: the source image of each image, `(images,)`.
        pooled: the figure of the sums, `(sums,)`.
    """
    sums = draw_sources(sources) @ np.array(parts)
    return np.array([pooled(row) for row in sums.tolist()])


def pooled_difference(
    parts: Sequence[Sequence[Number]],
    base: Sequence[Sequence[Number]],
    sources: Sequence[str],
    pooled: Callable[[Sequence[Number]], float],
) -> Interval | None:
    """The 95 % interval of a pooled figure less that of another file on the same images, draw by draw.

    Args:
        parts: of the one file, as in `draw_pooled`.
        base: of the other, image by image in the same order.
        sources: the source image of each image.
        pooled: the figure of the sums.

    Returns:
        The interval; `None` where all images are tiles of one, which does not tell how images differ.
    """
    if len(set(sources)) < 2:
        return None
    return percentile_interval(draw_pooled(parts, sources, pooled) - draw_pooled(base, sources, pooled))


def percentile_interval(values: Floats) -> Interval:
    """The middle 95 % of the values of a statistic in all draws."""
    low, high = np.percentile(values, [(100 - CONFIDENCE) / 2, (100 + CONFIDENCE) / 2])
    return float(low), float(high)


def draw_medians(rounds: Sequence[Sequence[int]], *, seed: int = 0, draws: int = DRAWS) -> Floats:
    """The median of samples from several processes in each draw, `(draws,)`.

    Args:
        rounds: the samples of each process; at least one process.
        seed: of the draws.
        draws: how many.
    """
    random = np.random.default_rng(seed)
    arrays = [np.asarray(each, np.int64) for each in rounds]
    values = np.empty(draws)
    for draw in range(draws):
        chosen = [arrays[each] for each in random.integers(len(arrays), size=len(arrays))]
        drawn = [samples[random.integers(len(samples), size=len(samples))] for samples in chosen]
        values[draw] = _median(np.concatenate(drawn))
    return values


def _median(values: npt.NDArray[np.int64]) -> float:
    """As `numpy.median`, which takes three times as long for so few values."""
    half = len(values) // 2
    if len(values) % 2:
        return float(np.partition(values, half)[half])
    below, above = np.partition(values, (half - 1, half))[half - 1 : half + 1]
    return (float(below) + float(above)) / 2


def median_ratio_interval(
    new: Sequence[Sequence[int]], base: Sequence[Sequence[int]], ratio: float
) -> Interval | None:
    """The 95 % interval of a ratio of two medians, from a few processes each.

    Drawing from three processes tells too little of how processes differ: their spread comes out too
    narrow by `sqrt(2/3)`, and a normal distribution stands in for Student's t (Hesterberg 2015, doi
    10.1080/00031305.2015.1089789). So the draws are spread by as much, on a logarithmic scale. Of two
    benches of one file, 3 rounds each and 3 % between processes, 2 of 100 are then found different, and 20
    without it.

    Args:
        new: samples above 0 of each process, the numerator.
        base: likewise, the denominator.
        ratio: of the two medians.

    Returns:
        The interval; `None` where one of the two has one process, which does not tell how processes differ.
    """
    rounds = len(base), len(new)
    if min(rounds) < 2:
        return None
    low, high = percentile_interval(np.log(draw_medians(new, seed=1) / draw_medians(base, seed=0)))
    spread = student_t(sum(rounds) - 2) / _Z * math.sqrt(min(rounds) / (min(rounds) - 1))
    middle = math.log(ratio)
    return (
        math.exp(middle + spread * min(low - middle, 0)),
        math.exp(middle + spread * max(high - middle, 0)),
    )


def student_t(freedom: int) -> float:
    """Half the width of a 95 % interval in standard errors: 97.5 % of Student's t lie below.

    Exact: up to 200 degrees of freedom, the distribution is a finite sum (Abramowitz & Stegun 1964, 26.7.3
    and 26.7.4), which is solved by halving; beyond, the error of the series 26.7.5 is below 1e-11.

    Args:
        freedom: degrees of freedom, from 1.

    Raises:
        ValueError: fewer than 1.
    """
    if freedom < 1:
        raise ValueError(f"expected at least 1 degree of freedom, but got {freedom}")
    if freedom > _MANY:
        return _student_series(freedom)
    low, high = 0.0, math.pi / 2
    while low < (middle := (low + high) / 2) < high:
        if _within(middle, freedom) < CONFIDENCE / 100:
            low = middle
        else:
            high = middle
    return math.sqrt(freedom) * math.tan(low)


def _within(angle: float, freedom: int) -> float:
    """The chance that |t| is below `sqrt(freedom) * tan(angle)`."""
    cosine, sine = math.cos(angle), math.sin(angle)
    odd = freedom % 2
    term = cosine if odd else 1.0
    total = 0.0
    for power in range(2 + odd, freedom + 1, 2):
        total += term
        term *= cosine * cosine * (power - 1) / power
    return 2 / math.pi * (angle + sine * total) if odd else sine * total


def _student_series(freedom: int) -> float:
    z = _Z
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + math.fsum(term / freedom**power for power, term in enumerate(terms, start=1))
