import json

import pytest

from edgeseg.bench.bench_options import BenchOptions, parse_numbers
from edgeseg.errors import ConfigError
from edgeseg.records import from_data, to_data


def test_threads_are_read_from_a_list():
    assert parse_numbers("1,2,4", "numbers of threads") == (1, 2, 4)


@pytest.mark.parametrize("text", ["", "two", "1,,2", "1.5", "1;2"])
def test_what_is_no_list_of_numbers_is_refused(text):
    with pytest.raises(ConfigError, match="expected numbers of threads as 1,2,4"):
        parse_numbers(text, "numbers of threads")


@pytest.mark.parametrize(
    "wrong",
    [
        {"threads": (0,)}, {"threads": (1, 1)}, {"threads": ()}, {"threads": (257,)}, {"rounds": 0},
        {"seconds": -1.0}, {"seconds": float("nan")}, {"samples": 0}, {"warmup_seconds": -0.1},
        {"timeout_seconds": 0.0}, {"memory_limit_mb": 0}, {"images": 0}, {"panels": -1},
        {"runtimes": ("litert", "litert")},
    ],
)  # fmt: skip
def test_values_out_of_range_are_refused(wrong):
    with pytest.raises(ConfigError, match="expected"):
        BenchOptions(**wrong)


def test_options_survive_json():
    options = BenchOptions(threads=(1, 4), memory_limit_mb=100)
    data = json.loads(json.dumps(to_data(options)))
    assert from_data(BenchOptions, data, where="x", error=ConfigError) == options


def test_samples_are_shared_by_the_rounds():
    assert BenchOptions(rounds=3, samples=30).samples_each == 10
    assert BenchOptions(rounds=4, samples=30).samples_each == 8


def test_an_unknown_runtime_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match="no runtime 'litert-buildin'; did you mean 'litert-builtin'"):
        BenchOptions(runtimes=("litert-buildin",))
