"""The interval of a ratio of times cries wolf no more often than it says."""

import numpy as np
import pytest

from edgeseg.comparison.latency import ratio_interval, student_t
from support.bench_results import make_measurement, make_run


def measured(random, *, rounds, slower=1.0, between=0.03, within=0.05):
    """Processes that differ by `between`, samples in each by `within`, both as shares."""
    processes = 10 * slower * np.exp(random.normal(0, between, rounds))
    return make_measurement(*(make_run(*(each * np.exp(random.normal(0, within, 20)))) for each in processes))


def interval(base, new):
    return ratio_interval(base, new, new.summary["p50_ms"] / base.summary["p50_ms"])


@pytest.mark.parametrize(
    ("freedom", "value"), [(2, 4.303), (4, 2.776), (8, 2.306), (18, 2.101), (1000, 1.962)]
)
def test_students_t_is_that_of_the_tables(freedom, value):
    assert student_t(freedom) == pytest.approx(value, rel=0.04 if freedom < 4 else 0.003)


def test_the_same_file_is_seldom_found_different():
    random = np.random.default_rng(5)
    found = [interval(measured(random, rounds=3), measured(random, rounds=3)) for _ in range(20)]
    assert sum(not low <= 1 <= high for low, high in found) <= 2


def test_a_file_that_takes_longer_by_a_third_is_found():
    random = np.random.default_rng(5)
    found = [interval(measured(random, rounds=3), measured(random, rounds=3, slower=1.33)) for _ in range(5)]
    assert all(low > 1 for low, _ in found)


def test_more_rounds_narrow_the_interval():
    random = np.random.default_rng(5)
    few, many = (
        np.mean([np.log(high / low) for low, high in (
            interval(measured(random, rounds=rounds), measured(random, rounds=rounds)) for _ in range(5)
        )])
        for rounds in (3, 8)
    )  # fmt: skip
    assert many < 0.7 * few


@pytest.mark.parametrize("rounds", [(1, 3), (3, 1), (1, 1)])
def test_one_round_gives_none(rounds):
    random = np.random.default_rng(5)
    base, new = (measured(random, rounds=each) for each in rounds)
    assert interval(base, new) is None


def test_the_interval_holds_the_ratio_itself():
    base = make_measurement(make_run(10, 10, 10), make_run(10, 10, 11))
    new = make_measurement(make_run(10, 12, 12), make_run(10, 10, 10))
    low, high = ratio_interval(base, new, 3.0)
    assert low <= 3.0 <= high
