"""Signal to quantization noise, cosine and saturation, on arrays that can be checked by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeseg.diagnosis.layer_error import Tally, summarize, tally
from edgeseg.diagnosis.matching import Layer
from edgeseg.model.flatbuffer import Tensor


def tensor(*, scale=None, zero=0, dtype="int8"):
    return Tensor(
        name="t", shape=(2,), signature=(2,), dtype=dtype if scale else "float32",
        scales=(scale,) if scale else (), zero_points=(zero,) if scale else (), axis=0, buffer=0,
        data=None, sparse=False, variable=False,
    )  # fmt: skip


def layer(index, *, inputs=(), kernel=(), reference=None):
    return Layer(
        index=index, operator="CONV_2D", name=f"layer{index}", inputs=inputs,
        reference=10 + index if reference is None else reference, counterpart=index, kernel=kernel,
    )  # fmt: skip


def one_error(total, **options):
    (error,) = summarize([layer(0)], [total], [tensor(**options)])
    return error


def test_equal_values_have_no_noise():
    values = np.array([3.0, 4.0])
    error = one_error(tally(values, values, tensor()))
    assert (error.sqnr_db, error.cosine, error.entered) == (None, pytest.approx(1), 0)


def test_sqnr_is_signal_power_over_noise_power():
    """25 over 1: 13.98 dB."""
    error = one_error(tally(np.array([3.0, 4.0]), np.array([3.0, 5.0]), tensor()))
    assert error.sqnr_db == pytest.approx(10 * math.log10(25))
    assert error.cosine == pytest.approx(29 / (5 * math.sqrt(34)))


def test_integers_are_scaled_as_their_tensor_says():
    stored = np.array([-118, -108], np.int8)
    assert tally(np.array([1.0, 2.0]), stored, tensor(scale=0.1, zero=-128)).noise == pytest.approx(0)


def test_saturated_is_what_lies_beyond_the_range_by_more_than_a_step():
    """The range is 0 to 25.5 in steps of 0.1: 25.55 is rounded, 30 and -1 are cut off."""
    stored = np.array([127, 127, 127, -128, 0], np.int8)
    total = tally(np.array([25.5, 25.55, 30.0, -1.0, 99.0]), stored, tensor(scale=0.1, zero=-128))
    assert (total.saturated, total.count) == (2, 5)


def test_the_zeros_of_a_relu_are_not_saturated():
    zeros = np.full(8, -128, np.int8)
    assert tally(np.zeros(8), zeros, tensor(scale=0.1, zero=-128)).saturated == 0


def test_a_float_output_has_no_saturation():
    assert one_error(tally(np.ones(4), np.ones(4), tensor())).saturation is None
    assert one_error(Tally(1, 1, 1, 0, 1, 4), scale=0.1).saturation == 0.25


def test_noise_without_a_signal_is_as_bad_as_it_gets_and_still_a_number():
    error = one_error(tally(np.zeros(4), np.ones(4), tensor()))
    assert (error.sqnr_db, error.cosine) == (-30, 0)


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=20), st.integers(1, 19))
def test_the_sums_of_parts_are_the_sums_of_the_whole(values, cut):
    x = np.array(values)
    y = np.rint(x)
    cut = min(cut, len(x) - 1)
    parts = tally(x[:cut], y[:cut], tensor()) + tally(x[cut:], y[cut:], tensor())
    whole = tally(x, y, tensor())
    assert parts.count == whole.count
    assert (parts.signal, parts.noise, parts.product) == pytest.approx(
        (whole.signal, whole.noise, whole.product)
    )


def test_the_worst_layer_comes_first_and_exact_ones_last():
    totals = [Tally(1, 1, 1, noise, 0, 1) for noise in (0.0, 0.1, 0.001)]
    errors = summarize([layer(i) for i in range(3)], totals, [tensor()] * 3)
    assert [each.index for each in errors] == [1, 2, 0]


def test_a_layer_answers_for_the_noise_that_its_inputs_did_not_have():
    """The second layer reads the first and the model's input (tensor 99, which is exact)."""
    totals = [Tally(1, 1, 1, 0.01, 0, 1), Tally(1, 1, 1, 0.04, 0, 1)]
    layers = [layer(0, inputs=(99,)), layer(1, inputs=(10, 99))]
    second, first = summarize(layers, totals, [tensor()] * 2)
    assert (first.entered, second.entered) == (pytest.approx(0.01), pytest.approx(0.03))
    assert (first.input_sqnr_db, second.input_sqnr_db) == (None, pytest.approx(20))


def test_a_layer_that_averages_noise_away_adds_none():
    totals = [Tally(1, 1, 1, 0.04, 0, 1), Tally(1, 1, 1, 0.01, 0, 1)]
    errors = summarize([layer(0), layer(1, inputs=(10,))], totals, [tensor()] * 2)
    assert {each.index: each.entered for each in errors}[1] == 0


def test_a_float_layer_costs_three_bytes_a_weight():
    small, large = (
        summarize([layer(0, kernel=(32, 3, 3, inputs))], [Tally()], [tensor(scale=0.1)])[0].float_cost_bytes
        for inputs in (16, 32)
    )
    assert large - small == 3 * 32 * 9 * 16
