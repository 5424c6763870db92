"""Which channels go, and how narrow a network becomes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeseg.errors import ConfigError
from edgeseg.host.compression.channels import STEP, both_signs, choose_widths, kept_channels

layers = st.dictionaries(
    st.sampled_from("abcdef"),
    st.lists(st.floats(0, 100), min_size=1, max_size=24).map(np.array),
    min_size=1,
)


def equal_costs(importance):
    return dict.fromkeys(importance, 1.0)


def step_of(importance):
    return max(min(STEP, min(map(len, importance.values())) // 2), 1)


def at_most(channels):
    return lambda widths: sum(widths.values()) <= channels


@given(layers, st.integers(0, 144))
def test_widths_fit_and_are_whole_steps_and_no_layer_vanishes_or_grows(importance, most):
    try:
        widths = choose_widths(importance, equal_costs(importance), at_most(most))
    except ConfigError:
        assert sum(min(step_of(importance), len(values)) for values in importance.values()) > most
        return
    assert sum(widths.values()) <= most
    assert list(widths) == list(importance)
    for layer, width in widths.items():
        full = len(importance[layer])
        assert 1 <= width <= full
        assert width == full or width % step_of(importance) == 0


@given(layers)
def test_without_a_limit_every_channel_stays(importance):
    widths = choose_widths(importance, equal_costs(importance), lambda _: True)
    assert widths == {layer: len(values) for layer, values in importance.items()}


@given(layers, st.integers(1, 144), st.integers(0, 20))
def test_a_wider_limit_never_makes_a_layer_narrower(importance, most, more):
    most = max(most, step_of(importance) * len(importance))
    costs = equal_costs(importance)
    narrow = choose_widths(importance, costs, at_most(most))
    wide = choose_widths(importance, costs, at_most(most + more))
    assert all(narrow[layer] <= wide[layer] for layer in importance)


def test_the_layer_with_many_channels_that_hardly_matter_is_narrowed_most():
    importance = {"even": np.ones(16), "lopsided": np.array([30.0] * 8 + [0.1] * 24)}
    widths = choose_widths(importance, {"even": 1, "lopsided": 1}, at_most(30))
    assert widths == {"even": 16, "lopsided": 8}


def test_of_two_layers_that_matter_alike_the_dear_one_is_narrowed():
    importance = {"cheap": np.ones(16), "dear": np.ones(16)}
    widths = choose_widths(importance, {"cheap": 1, "dear": 9}, at_most(24))
    assert widths == {"cheap": 16, "dear": 8}


def test_a_small_network_is_narrowed_in_smaller_steps():
    importance = {"first": np.arange(4.0), "second": np.arange(8.0)}
    assert choose_widths(importance, equal_costs(importance), at_most(6)) == {"first": 2, "second": 4}


def test_a_limit_below_the_least_widths_is_one_sentence():
    importance = {"a": np.ones(8), "b": np.ones(8)}
    with pytest.raises(ConfigError, match=r"no network fits that keeps 4 channels a layer; set a wider"):
        choose_widths(importance, {"a": 1, "b": 1}, at_most(7))


def test_the_channels_that_matter_most_stay_in_their_order():
    assert kept_channels({"a": np.array([0.5, 3, 0.1, 2, 9])}, {"a": 3})["a"].tolist() == [1, 3, 4]


def test_channels_of_both_signs_stay_though_those_of_one_matter_more():
    importance = np.array([9.0, 8.0, 7.0, 1.0, 2.0])
    weights = np.array([0.5, 0.1, 0.3, -0.2, -0.4], np.float32)
    balanced = both_signs(importance, weights[:, None])
    assert balanced.tolist() == [9, 8, 7, 8, 9]
    assert kept_channels({"a": balanced}, {"a": 2})["a"].tolist() == [0, 4]


def test_channels_of_both_signs_stay_for_each_map():
    """The second map reads the first two channels alike, and the third with the other sign."""
    importance = np.array([9.0, 8.0, 2.0, 1.0])
    weights = np.array([[0.5, 0.5], [-0.1, 0.1], [0.2, -0.3], [0.4, 0.1]], np.float32)
    assert both_signs(importance, weights).tolist() == [9, 9, 9, 1]


def test_channels_of_one_sign_alone_are_left_as_they_are():
    importance = np.array([3.0, 1.0, 2.0])
    assert both_signs(importance, np.ones((3, 2), np.float32)).tolist() == importance.tolist()


@given(st.lists(st.floats(0, 100), min_size=1, max_size=24), st.data())
def test_nothing_that_stays_matters_less_than_what_goes(values, data):
    width = data.draw(st.integers(1, len(values)))
    scores = np.array(values)
    kept = kept_channels({"a": scores}, {"a": width})["a"]
    gone = np.setdiff1d(np.arange(len(values)), kept)
    assert len(kept) == width
    assert not len(gone) or scores[kept].min() >= scores[gone].max()
