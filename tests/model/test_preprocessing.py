"""From grey value to input: one lookup table, one XOR."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from edgeseg.errors import ConfigError
from edgeseg.model.preprocessing import Preprocessing, apply, stretch_table

images = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12))
stretches = st.builds(
    lambda low, span, min_range: Preprocessing(
        kind="percentile", low=low, high=min(100, low + span), min_range=min_range
    ),
    low=st.integers(0, 99), span=st.integers(1, 100), min_range=st.integers(1, 255),
)  # fmt: skip


def percentile_by_definition(image, percent):
    """The least grey value of the image that at least `percent` of its pixels do not exceed."""
    ordered = sorted(image.ravel().tolist())
    return next(
        value
        for position, value in enumerate(ordered, start=1)
        if Fraction(position, len(ordered)) >= Fraction(percent, 100)
    )


@given(images, stretches)
def test_a_stretch_never_changes_the_order_of_grey_values(image, preprocessing):
    table = stretch_table(image, preprocessing)
    assert table.shape == (256,)
    assert table.dtype == np.uint8
    assert (np.diff(table.astype(int)) >= 0).all()


@given(images, stretches)
def test_the_low_percentile_becomes_0_and_the_high_one_255(image, preprocessing):
    table = stretch_table(image, preprocessing)
    low = percentile_by_definition(image, int(preprocessing.low))
    high = percentile_by_definition(image, int(preprocessing.high))
    assert table[low] == 0
    if high - low >= preprocessing.min_range:
        assert table[high] == 255
        assert table[high - 1] < 255
    else:
        assert table[high] == round(255 * (high - low) / preprocessing.min_range)


@given(images)
def test_the_full_range_of_percentiles_is_the_range_of_the_image(image):
    preprocessing = Preprocessing(kind="percentile", low=0, high=100, min_range=1)
    stretched = apply(image, preprocessing)
    assert stretched.min() == 0
    assert stretched.max() == (255 if image.min() < image.max() else 0)


@given(images, stretches)
def test_apply_is_the_table_pixel_by_pixel(image, preprocessing):
    expected = np.vectorize(stretch_table(image, preprocessing).__getitem__)(image)
    np.testing.assert_array_equal(apply(image, preprocessing), expected)


def test_an_empty_dark_image_is_not_stretched_into_noise():
    image = np.random.default_rng(0).integers(3, 6, (64, 64)).astype(np.uint8)
    assert apply(image, Preprocessing(kind="percentile", min_range=16)).max() <= 2 * 255 / 16 + 1


@given(images)
def test_scale_leaves_the_camera_value_alone(image):
    assert apply(image, Preprocessing()) is image


@given(stretches)
def test_settings_survive_their_own_dictionary(preprocessing):
    assert Preprocessing.from_dict(preprocessing.to_dict()) == preprocessing


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"kind": "percentil"}, "did you mean 'percentile'"),
        ({"low": 50, "high": 50}, "0 <= low < high <= 100"),
        ({"high": 100.1}, "0 <= low < high <= 100"),
        ({"low": float("nan")}, "0 <= low < high <= 100"),
        ({"min_range": 0}, "min_range from 1 to 255"),
        ({"gamma": 2}, "no setting 'gamma' in Preprocessing"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings, sentence):
    with pytest.raises(ConfigError, match=sentence):
        Preprocessing.from_dict(settings)
