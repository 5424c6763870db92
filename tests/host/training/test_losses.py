"""The four losses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from edgeseg.model.interface import MapTensor, Meaning
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


def maps_of(*meanings):
    return [MapTensor(name=str(n), meaning=each, channel=n) for n, each in enumerate(meanings)]


CELLS = maps_of(Meaning.FOREGROUND, Meaning.CENTRE, Meaning.OFFSET_Y, Meaning.OFFSET_X)


@pytest.mark.parametrize("name", LOSSES)
def test_the_loss_of_probabilities_alone_is_the_named_one(name):
    assert losses.loss_of(maps_of(Meaning.FOREGROUND), name) is losses.LOSSES[name]
    assert losses.loss_of(maps_of(Meaning.CLASS, Meaning.CLASS), name) is losses.LOSSES[name]


def test_the_loss_of_cells_adds_the_errors_of_centre_and_offsets():
    truth, output = (rng.random((2, 4, 4, 4), np.float32) for rng in map(np.random.default_rng, (0, 1)))
    inside, apart = truth[..., :1], np.abs(truth - output)
    heights = truth[..., 1:2]
    divergence = losses.bce(heights, output[..., 1:2]) - losses.bce(heights, heights)
    expected = (
        losses.bce(inside, output[..., :1])
        + losses.CENTRE_WEIGHT * divergence
        + losses.OFFSET_WEIGHT * np.sum(apart[..., 2:] * inside) / (2 * inside.sum())
    )
    assert float(losses.loss_of(CELLS, "bce")(truth, output)) == pytest.approx(float(expected), rel=1e-5)


def test_offsets_count_inside_cells_only_and_an_image_without_cells_has_none():
    truth, output = np.zeros((1, 4, 4, 4), np.float32), np.zeros((1, 4, 4, 4), np.float32)
    output[..., 2:] = 1
    assert float(losses.loss_of(CELLS, "bce")(truth, output)) == pytest.approx(0, abs=1e-6)
