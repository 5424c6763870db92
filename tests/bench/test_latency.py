import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeseg.bench.latency import (
    Lap,
    median_absolute_deviation,
    percentile,
    repeat,
    run_lap,
    timing_tile,
    warm_up,
)
from edgeseg.model.artifact import load_artifact
from edgeseg.model.preprocessing import Preprocessing
from edgeseg.model.segmenter import Segmenter
from support.paths import MODELS

TIMES = st.lists(st.integers(0, 10**12), min_size=1)


@pytest.mark.parametrize(("share", "value"), [(50, 50), (90, 90), (99, 99), (100, 100), (1, 1)])
def test_percentiles_of_1_to_100_are_themselves(share, value):
    assert percentile(range(1, 101), share) == value


def test_with_few_values_p99_is_the_greatest():
    assert percentile([3, 1, 2], 99) == 3


@given(TIMES, st.floats(0.1, 100))
def test_a_percentile_was_measured_and_covers_its_share(values, share):
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share / 100 * len(values) - 1e-6


def test_the_median_absolute_deviation_ignores_one_interruption():
    assert median_absolute_deviation([10, 11, 12, 13, 10_000]) == 1


@given(TIMES, st.integers(0, 10**9))
def test_the_median_absolute_deviation_does_not_depend_on_the_level(values, shift):
    shifted = [value + shift for value in values]
    assert median_absolute_deviation(values) == median_absolute_deviation(shifted)


class FakeClock:
    def __init__(self, step):
        self.now, self.step = 0, step

    def __call__(self):
        self.now += self.step
        return self.now


@pytest.mark.parametrize(
    ("seconds", "count", "laps"), [(1.0, 3, 10), (0.0, 7, 7), (0.25, 3, 3), (0.25, 1, 3)]
)
def test_repeating_ends_when_both_the_time_and_the_count_are_reached(seconds, count, laps):
    now = 0

    def tenth_of_a_second():
        nonlocal now
        now += 100_000_000
        return Lap(1, 2, 3)

    found = repeat(
        tenth_of_a_second, seconds=seconds, count=count, alive=lambda: None, clock=lambda: now
    )  # fmt: skip
    assert len(found) == laps


def test_a_sign_of_life_follows_each_lap():
    seen = []
    repeat(lambda: Lap(1, 2, 3), seconds=0, count=4, alive=lambda: seen.append(1))
    assert len(seen) == 4


def test_a_lap_times_preparing_invoking_and_fetching_apart():
    segmenter = Segmenter(load_artifact(MODELS / "blobs_int8.tflite"))
    lap = run_lap(segmenter, timing_tile(segmenter.shape), Preprocessing(), clock=FakeClock(5))
    assert lap == Lap(prepare_ns=5, invoke_ns=5, output_ns=5)


def test_a_real_lap_spends_time_in_every_part():
    segmenter = Segmenter(load_artifact(MODELS / "blobs_float32.tflite"))
    lap = run_lap(segmenter, timing_tile(segmenter.shape), Preprocessing(kind="percentile"))
    assert min(lap.prepare_ns, lap.invoke_ns, lap.output_ns) > 0


def test_the_timing_tile_is_the_same_every_time_and_covers_all_grey_values():
    tile = timing_tile((64, 48))
    assert tile.shape == (64, 48)
    assert tile.dtype == np.uint8
    assert np.array_equal(tile, timing_tile((64, 48)))
    assert np.bincount(tile.ravel(), minlength=256).min() > 0


def warmed(times, seconds):
    """Warm up on laps of the given milliseconds."""
    now = 0

    def clock():
        return now

    left = iter(times)

    def measure():
        nonlocal now
        took = round(next(left) * 1e6)
        now += took
        return Lap(0, took, 0)

    return warm_up(measure, seconds=seconds, alive=lambda: None, clock=clock)


def test_a_warm_up_ends_when_times_have_settled():
    laps, stable = warmed([300, 200, 100, 100, 100, 100, 100, 100, 100], seconds=60)
    assert stable
    assert [lap.invoke_ns // 10**6 for lap in laps] == [300, 200, 100, 100, 100, 100, 100]


def test_a_warm_up_that_does_not_settle_ends_in_time_and_says_so():
    falling = [1000 * 0.8**step for step in range(100)]
    laps, stable = warmed(falling, seconds=3)
    assert not stable
    assert 3 <= sum(lap.invoke_ns for lap in laps) / 1e9 < 4


def test_a_warm_up_of_no_time_has_three_laps():
    laps, _ = warmed([5] * 10, seconds=0)
    assert len(laps) == 3


def test_a_fast_model_is_given_time_to_warm_the_processor():
    laps, stable = warmed([1] * 1000, seconds=3)
    assert stable
    assert len(laps) == 200
