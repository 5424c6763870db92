"""How sure a ratio of two median times is, from a few processes each."""

from __future__ import annotations

import math

import numpy as np

from edgeseg.bench.intervals import latency_draws
from edgeseg.bench.measurement import Measurement
from edgeseg.metrics.bootstrap import Interval, percentile_interval

#: 97.5 % of a normal distribution lie below.
_Z = 1.959964


def ratio_interval(base: Measurement, new: Measurement, ratio: float) -> Interval | None:
    """The 95 % interval of a ratio of median times.

    Drawing from three processes tells too little of how processes differ: their spread comes out too
    narrow by `sqrt(2/3)`, and a normal distribution stands in for Student's t (Hesterberg 2015, doi
    10.1080/00031305.2015.1089789). So the draws are spread by as much, on a logarithmic scale. Of two
    benches of one file, 3 rounds each and 3 % between processes, 2 of 100 are then found different, and 20
    without it.

    Args:
        base: of the base.
        new: of the other.
        ratio: of their medians.

    Returns:
        The interval; `None` where one of the two has one round, which does not tell how processes differ.
    """
    rounds = len(base.runs), len(new.runs)
    if min(rounds) < 2:
        return None
    draws = np.log(latency_draws(new, seed=1) / latency_draws(base, seed=0))
    low, high = percentile_interval(draws)
    spread = student_t(sum(rounds) - 2) / _Z * math.sqrt(min(rounds) / (min(rounds) - 1))
    middle = math.log(ratio)
    return (
        math.exp(middle + spread * min(low - middle, 0)),
        math.exp(middle + spread * max(high - middle, 0)),
    )


def student_t(freedom: int) -> float:
    """97.5 % of Student's t lie below; within 4 % for 2 degrees of freedom, 0.3 % from 4 on.

    Abramowitz & Stegun 1964, 26.7.5.
    """
    terms = (
        (_Z**3 + _Z) / 4,
        (5 * _Z**5 + 16 * _Z**3 + 3 * _Z) / 96,
        (3 * _Z**7 + 19 * _Z**5 + 17 * _Z**3 - 15 * _Z) / 384,
    )
    return _Z + math.fsum(term / freedom**power for power, term in enumerate(terms, start=1))
