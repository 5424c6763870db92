"""Intervals hold what they should as often as they say, and no statistic is an approximation of its name."""

import numpy as np
import pytest
import scipy.stats

from edgeseg.metrics.statistics import (
    draw_medians,
    draw_pooled,
    draw_sources,
    median_ratio_interval,
    percentile_interval,
    pooled_difference,
    student_t,
)


def measured(random, *, rounds, slower=1.0, between=0.03, within=0.05):
    """Nanoseconds: processes that differ by `between`, samples in each by `within`, both as shares."""
    processes = 1e7 * slower * np.exp(random.normal(0, between, rounds))
    return [np.rint(each * np.exp(random.normal(0, within, 20))).astype(int).tolist() for each in processes]


def ratio_interval(base, new):
    return median_ratio_interval(new, base, np.median(np.concatenate(new)) / np.median(np.concatenate(base)))


@pytest.mark.parametrize("freedom", [*range(1, 41), 199, 200, 201, 1000, 1001, 10_000, 10**9])
def test_students_t_is_exact(freedom):
    assert student_t(freedom) == pytest.approx(scipy.stats.t.ppf(0.975, freedom), rel=1e-9)


def test_a_spread_of_one_value_has_no_students_t():
    with pytest.raises(ValueError, match="at least 1 degree of freedom, but got 0"):
        student_t(0)


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    """Mean of 30 uniform values, 200 times: 95 % of the intervals should hold 0.5 (a few less for 30)."""
    random = np.random.default_rng(5)
    held = 0
    for trial in range(200):
        values = random.random(30)
        times = draw_sources([str(image) for image in range(30)], seed=trial, draws=400)
        low, high = percentile_interval(times @ values / 30)
        held += low <= 0.5 <= high
    assert 0.88 <= held / 200 <= 0.99


def test_each_draw_has_as_many_sources_as_there_are():
    times = draw_sources(["a", "a", "b", "c"], draws=50)
    assert times.shape == (50, 4)
    assert (times[:, 0] == times[:, 1]).all()
    assert (times[:, 1:].sum(axis=1) == 3).all()


def share(sums):
    return sums[0] / sums[1]


def test_a_pooled_figure_is_that_of_the_sums_in_each_draw():
    parts, sources = [(1, 10), (4, 10), (9, 20)], ["a", "b", "b"]
    for times, drawn in zip(draw_sources(sources), draw_pooled(parts, sources, share), strict=True):
        assert drawn == (times @ [1, 4, 9]) / (times @ [10, 10, 20])


def test_a_difference_is_taken_on_the_same_images_in_each_draw():
    """Images differ much and the two files by one pixel in ten on each: in every draw by as much."""
    base = [(found, 10) for found in (1, 4, 7, 2)]
    better = [(found + 1, 10) for found, _ in base]
    assert pooled_difference(better, base, list("abcd"), share) == pytest.approx((0.1, 0.1))


def test_tiles_of_one_source_make_no_difference_surer():
    """Each of ten images 16 times over says no more than the ten."""
    random = np.random.default_rng(3)
    one, other = ([(int(found), 100) for found in random.integers(40, 90, 10)] for _ in range(2))
    names = [str(number) for number in range(10)]
    images = pooled_difference(one, other, names, share)
    tiles = pooled_difference(*([each for each in side for _ in range(16)] for side in (one, other)),
                              [name for name in names for _ in range(16)], share)  # fmt: skip
    assert tiles == pytest.approx(images)
    alone = [f"{number}" for number in range(160)]
    low, high = pooled_difference(*([each for each in side for _ in range(16)] for side in (one, other)),
                                  alone, share)  # fmt: skip
    assert high - low < 0.4 * (images[1] - images[0]), "as 160 images they would look far too sure"


def test_tiles_of_a_single_source_have_no_interval():
    assert pooled_difference([(1, 2), (2, 2)], [(1, 2), (1, 2)], ["a", "a"], share) is None


def test_a_median_varies_with_the_rounds():
    """Rounds that differ make an uncertain median, samples that differ within alike rounds hardly."""
    apart = draw_medians([[10] * 30, [20] * 30, [30] * 30])
    alike = draw_medians([range(10, 40)] * 3)
    assert percentile_interval(apart) == (10, 30)
    low, high = percentile_interval(alike)
    assert 18 < low < 24.5 < high < 31


def test_each_draw_is_the_median_of_what_was_drawn():
    """Of an even number of samples it is the mean of the middle two."""
    assert set(draw_medians([[7]])) == {7}
    assert set(draw_medians([[2, 4]])) == {2, 3, 4}
    assert set(draw_medians([[2, 4, 9]])) == {2, 4, 9}


def test_the_same_file_is_seldom_found_different():
    random = np.random.default_rng(5)
    found = [ratio_interval(measured(random, rounds=3), measured(random, rounds=3)) for _ in range(20)]
    assert sum(not low <= 1 <= high for low, high in found) <= 2


def test_a_file_that_takes_longer_by_a_third_is_found():
    random = np.random.default_rng(5)
    found = [
        ratio_interval(measured(random, rounds=3), measured(random, rounds=3, slower=1.33)) for _ in range(5)
    ]
    assert all(low > 1 for low, _ in found)


def test_more_rounds_narrow_the_interval():
    random = np.random.default_rng(5)
    few, many = (
        np.mean([np.log(high / low) for low, high in (
            ratio_interval(measured(random, rounds=rounds), measured(random, rounds=rounds)) for _ in range(5)
        )])
        for rounds in (3, 8)
    )  # fmt: skip
    assert many < 0.7 * few


@pytest.mark.parametrize("rounds", [(1, 3), (3, 1), (1, 1)])
def test_one_round_gives_no_ratio_an_interval(rounds):
    random = np.random.default_rng(5)
    base, new = (measured(random, rounds=each) for each in rounds)
    assert ratio_interval(base, new) is None


def test_the_interval_holds_the_ratio_itself():
    low, high = median_ratio_interval([[10, 12, 12], [10, 10, 10]], [[10, 10, 10], [10, 10, 11]], 3.0)
    assert low <= 3.0 <= high
