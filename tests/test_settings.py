"""What settings may be."""

import math

import pytest

from edgeseg.errors import ConfigError
from edgeseg.settings import check_range
from edgeseg.text import counted


@pytest.mark.parametrize(
    ("value", "low", "high", "sentence"),
    [
        (0, 1, 1_000_000, "expected rounds from 1 to 1000000, but got 0"),
        (-1, 0, None, "expected rounds of 0 or more, but got -1"),
        (1.5, 0, 1, "expected rounds from 0 to 1, but got 1.5"),
        (math.nan, 0, None, "expected rounds of 0 or more, but got nan"),
        (10**400, 0, 1.5, "expected rounds from 0 to 1.5, but got 1000"),
    ],
)
def test_a_number_out_of_range_is_refused(value, low, high, sentence):
    with pytest.raises(ConfigError) as caught:
        check_range("rounds", value, low, high)
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize(("value", "low", "high"), [(1, 1, 1), (10**400, 0, None), (math.inf, 0, None)])
def test_the_ends_of_a_range_are_in_it(value, low, high):
    check_range("rounds", value, low, high)


def test_nouns_are_counted():
    assert [counted(number, "file") for number in (0, 1, 2)] == ["0 files", "1 file", "2 files"]
