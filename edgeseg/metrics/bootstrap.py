"""How sure a figure is: the percentile bootstrap (Efron 1979, doi 10.1214/aos/1176344552).

Tiles of one microscope image look alike, so whole source images are drawn and not tiles: otherwise 160
tiles of ten images would count as 160 images, and every interval would be far too narrow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

#: Draws of one interval; with more, its ends move by less than the last digit that is shown.
DRAWS = 2000

#: Per cent of the draws that an interval holds.
CONFIDENCE = 95

Interval = tuple[float, float]


def draw_images(sources: Sequence[str], *, seed: int = 0, draws: int = DRAWS) -> npt.NDArray[np.int64]:
    """How often each image is in each draw, `(draws, images)`: sources are drawn with replacement.

    The same sources in the same order give the same draws, so that two results on one split can be
    compared draw by draw.
    """
    names, number = np.unique(np.array(sources, dtype=object), return_inverse=True)
    chance = np.full(len(names), 1 / len(names))
    drawn = np.random.default_rng(seed).multinomial(len(names), chance, size=draws)
    times: npt.NDArray[np.int64] = drawn[:, number].astype(np.int64)
    return times


def percentile_interval(values: npt.NDArray[np.float64]) -> Interval:
    """The middle 95 % of the values of a statistic in all draws."""
    low, high = np.percentile(values, [(100 - CONFIDENCE) / 2, (100 + CONFIDENCE) / 2])
    return float(low), float(high)


def draw_samples(
    rounds: Sequence[Sequence[int]],
    statistic: Callable[[npt.NDArray[np.int64]], float],
    *,
    seed: int = 0,
    draws: int = DRAWS,
) -> npt.NDArray[np.float64]:
    """The statistic of times in each draw, `(draws,)`: rounds are drawn, and then samples in each.

    Samples of one process are alike as tiles of one image are.

    Args:
        rounds: the samples of each process, nanoseconds; at least one process.
        statistic: of the samples of all rounds together, as the median.
        seed: of the draws.
        draws: how many.
    """
    random = np.random.default_rng(seed)
    arrays = [np.asarray(each, np.int64) for each in rounds]
    values = np.empty(draws)
    for draw in range(draws):
        chosen = random.integers(len(arrays), size=len(arrays))
        values[draw] = statistic(
            np.concatenate([random.choice(arrays[each], len(arrays[each])) for each in chosen])
        )
    return values
