"""What one figure's change is called."""

from dataclasses import replace

import pytest

from edgeseg.bench.figures import AREA_ERROR, DICE, P50, PEAK_MEMORY, RAW_BYTES
from edgeseg.comparison.change import Change

BYTES, LATENCY, MEMORY = RAW_BYTES, P50, PEAK_MEMORY


def change(figure, base, new, interval=None):
    return Change(model="m.tflite", figure=figure, base=base, new=new, interval=interval)


@pytest.mark.parametrize(
    ("figure", "base", "new", "interval", "verdict"),
    [
        (DICE, 0.8, 0.9, (0.05, 0.15), "better"),
        (DICE, 0.9, 0.8, (-0.15, -0.05), "worse"),
        (DICE, 0.9, 0.8, (-0.25, 0.05), "no significant difference"),
        (DICE, 0.9, 0.8, (-0.2, 0.0), "no significant difference"),
        (AREA_ERROR, 0.1, 0.2, (0.05, 0.15), "worse"),
        (LATENCY, 10, 20, (1.8, 2.2), "worse"),
        (LATENCY, 20, 10, (0.4, 0.6), "better"),
        (LATENCY, 20, 21, (0.9, 1.2), "no significant difference"),
        (BYTES, 100, 101, None, "worse"),
        (BYTES, 100, 99, None, "better"),
        (BYTES, 100, 100, None, "the same"),
        (MEMORY, 50, 60, None, "no interval"),
        (DICE, 0.8, 0.9, None, "no interval"),
    ],
)
def test_a_change_is_better_or_worse_unless_its_interval_holds_none(figure, base, new, interval, verdict):
    assert change(figure, base, new, interval).verdict == verdict


def test_bytes_and_times_change_by_a_factor_and_the_rest_by_a_difference():
    assert change(LATENCY, 10, 5).change == 0.5
    assert change(BYTES, 10, 5).change == 0.5
    assert change(DICE, 0.5, 0.25).change == -0.25
    assert change(MEMORY, 50, 60).change == 10


def test_halved_is_as_much_as_doubled():
    assert change(BYTES, 10, 5).extent == pytest.approx(change(BYTES, 5, 10).extent)


def test_what_changed_most_comes_first_and_what_may_be_chance_last():
    much = change(BYTES, 100, 25)
    less = change(DICE, 0.9, 0.8, (-0.12, -0.08))
    unknown = change(MEMORY, 50, 100)
    chance = change(LATENCY, 10, 100, (0.5, 200))
    assert sorted([chance, unknown, less, much], key=lambda each: each.order) == [much, less, unknown, chance]


def test_json_has_the_kind_and_the_verdict():
    value = replace(change(LATENCY, 10, 5, (0.4, 0.6)), runtime="litert", threads="2").to_dict()
    assert value == {
        "model": "m.tflite", "runtime": "litert", "threads": "2", "metric": "p50_ms", "unit": "ms",
        "kind": "ratio", "base": 10, "new": 5, "change": 0.5, "interval": [0.4, 0.6], "significant": True,
        "verdict": "better",
    }  # fmt: skip
