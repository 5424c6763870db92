"""Time of single inferences, as raw samples: every statistic is computed from them, none kept instead."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeseg.model.encoding import Image
from edgeseg.model.preprocessing import Preprocessing, apply
from edgeseg.model.segmenter import Segmenter

Clock = Callable[[], int]

#: Inferences of the warm-up, at least; the first one of all is counted apart.
MIN_WARMUP = 3

#: Seconds of the warm-up, at least, where the limit leaves room: a processor needs them to raise its clock.
_MIN_WARMUP_SECONDS = 0.2

#: Times have settled when two medians in a row differ by no more than this share.
_SETTLED = 0.05


@dataclass(frozen=True, slots=True)
class Lap:
    """One inference in three parts, nanoseconds.

    Attributes:
        prepare_ns: preprocessing, conversion to the model's type, handing over to the runtime.
        invoke_ns: the network alone.
        output_ns: fetching the output and making it a mask.
    """

    prepare_ns: int
    invoke_ns: int
    output_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Laps:
    """The inferences of one process, in the order in which they ran.

    Attributes:
        first: the very first one: the runtime packs weights and touches its memory.
        warmup: the ones that followed and are not counted.
        counted: the ones that are.
    """

    first: Lap
    warmup: tuple[Lap, ...]
    counted: tuple[Lap, ...]

    @property
    def total_ns(self) -> int:
        """The time of all inferences together, their parts and the uncounted ones included."""
        return sum(
            lap.prepare_ns + lap.invoke_ns + lap.output_ns
            for lap in (self.first, *self.warmup, *self.counted)
        )


def percentile(values: Sequence[int], share: float) -> int:
    """The least of `values` that at least `share` percent of them do not exceed (nearest rank).

    It is a value that was measured; with fewer than 100 values, p99 is the greatest.

    Args:
        values: at least one.
        share: above 0, up to 100.
    """
    return sorted(values)[math.ceil(share / 100 * len(values)) - 1]


def median_absolute_deviation(values: Sequence[int]) -> int:
    """The median distance from the median: a spread that a few interruptions do not move."""
    middle = percentile(values, 50)
    return percentile([abs(value - middle) for value in values], 50)


def run_lap(
    segmenter: Segmenter,
    image: Image,
    preprocessing: Preprocessing,
    *,
    clock: Clock = time.perf_counter_ns,
) -> Lap:
    """Segment `image`, uint8 of `Interface.image_shape`, once, and time the parts."""
    start = clock()
    segmenter.load(apply(image, preprocessing))
    loaded = clock()
    segmenter.run()
    ran = clock()
    segmenter.decode(segmenter.output())
    return Lap(prepare_ns=loaded - start, invoke_ns=ran - loaded, output_ns=clock() - ran)


def warm_up(
    measure: Callable[[], Lap],
    *,
    seconds: float,
    alive: Callable[[], None],
    clock: Clock = time.perf_counter_ns,
) -> tuple[tuple[Lap, ...], bool]:
    """Measure until the times have settled, `seconds` at most and three inferences at least.

    Settled: the median of the last quarter of the inferences (three at least) is within 5 % of that of as
    many before them.

    Returns:
        The laps, and whether they settled.
    """
    start = clock()
    laps: list[Lap] = []
    while True:
        laps.append(measure())
        alive()
        passed = (clock() - start) / 1e9
        settled = _settled(laps)
        if settled and passed >= min(_MIN_WARMUP_SECONDS, seconds):
            return tuple(laps), True
        if len(laps) >= MIN_WARMUP and passed >= seconds:
            return tuple(laps), settled


def _settled(laps: Sequence[Lap]) -> bool:
    window = max(3, len(laps) // 4)
    if len(laps) < 2 * window:
        return False
    times = [lap.invoke_ns for lap in laps]
    before, last = percentile(times[-2 * window : -window], 50), percentile(times[-window:], 50)
    return abs(last - before) <= _SETTLED * before


def repeat(
    measure: Callable[[], Lap],
    *,
    seconds: float,
    count: int,
    alive: Callable[[], None],
    clock: Clock = time.perf_counter_ns,
) -> tuple[Lap, ...]:
    """Measure again and again until both `seconds` have passed and `count` laps are there.

    Between the laps `alive` is called, so that a watcher can tell slow from hung.
    """
    end = clock() + round(seconds * 1e9)
    laps: list[Lap] = []
    while len(laps) < count or clock() < end:
        laps.append(measure())
        alive()
    return tuple(laps)


def timing_tile(shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """The tile that every model is timed on: noise, the same every time, `shape` uint8.

    Noise and not zeros, which would make the percentile stretch trivial and activations unlikely. It
    comes from multiplicative hashing, since loading numpy.random would count as the model's memory.
    """
    numbers = np.arange(math.prod(shape), dtype=np.uint32) * np.uint32(2654435761)
    return (numbers >> np.uint32(24)).astype(np.uint8).reshape(shape)
