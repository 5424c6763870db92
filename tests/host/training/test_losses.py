"""The four losses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from edgeseg.networks.training import LOSSES

pytestmark = pytest.mark.host
losses = pytest.importorskip("edgeseg.host.training.losses", reason="needs TensorFlow")

SHAPE = (2, 4, 4, 1)
TRUTHS = arrays.arrays(np.bool_, SHAPE).map(lambda a: a.astype(np.float32))
PROBABILITIES = arrays.arrays(np.float32, SHAPE, elements=st.floats(0, 1, width=32))


def value(name, truth, probability):
    return float(losses.LOSSES[name](truth, probability))


def test_every_configured_loss_exists():
    assert set(losses.LOSSES) == set(LOSSES)


@pytest.mark.parametrize("name", LOSSES)
@given(truth=TRUTHS, probability=PROBABILITIES)
@settings(max_examples=30, deadline=None)
def test_a_loss_is_finite_and_not_negative(name, truth, probability):
    assert np.isfinite(value(name, truth, probability))
    assert value(name, truth, probability) >= 0


@pytest.mark.parametrize("name", LOSSES)
@given(truth=TRUTHS)
@settings(max_examples=20, deadline=None)
def test_the_truth_itself_costs_nothing(name, truth):
    assert value(name, truth, truth) == pytest.approx(0, abs=1e-5)


def test_dice_by_hand():
    """2 of 4 true pixels found, nothing else: 1 - (2*2 + 1) / (4 + 2 + 1)."""
    truth, found = np.zeros(SHAPE, np.float32), np.zeros(SHAPE, np.float32)
    truth[0, 0, :, 0], found[0, 0, :2, 0] = 1, 1
    assert float(losses.dice(truth, found)) == pytest.approx(1 - 5 / 7)


def test_jaccard_by_hand():
    """2 of 4 true pixels found, nothing else: 1 - (2 + 1) / (4 + 1)."""
    truth, found = np.zeros(SHAPE, np.float32), np.zeros(SHAPE, np.float32)
    truth[0, 0, :, 0], found[0, 0, :2, 0] = 1, 1
    assert float(losses.jaccard(truth, found)) == pytest.approx(1 - 3 / 5)


def test_focal_weighs_an_easy_pixel_less_than_cross_entropy_does():
    truth = np.ones(SHAPE, np.float32)
    easy = np.full(SHAPE, 0.9, np.float32)
    assert float(losses.focal(truth, easy)) == pytest.approx(0.1**2 * -np.log(0.9), rel=1e-4)
