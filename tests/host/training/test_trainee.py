"""A network before its first step."""

from dataclasses import replace

import numpy as np
import pytest

from edgeseg.model.interface import float_interface
from edgeseg.networks.pocket import PocketConfig
from edgeseg.networks.unet import UNetConfig
from support.interfaces import cells_interface

pytestmark = pytest.mark.host
build = pytest.importorskip("edgeseg.host.training.build", reason="needs TensorFlow")
trainee = pytest.importorskip("edgeseg.host.training.trainee", reason="needs TensorFlow")

SMALL = (
    UNetConfig(base_filters=2, levels=2, input_size=32),
    PocketConfig(filters=(4, 8), blocks=(1, 1), input_size=32),
)


@pytest.mark.parametrize("network", SMALL, ids=lambda each: each.family)
class TestRareCentres:
    def test_a_new_network_finds_centres_unlikely_and_has_no_opinion_otherwise(self, network):
        model = build.build_network(replace(network, maps=4))
        trainee.expect_rare_centres(model, cells_interface(32, 32))
        foreground, centre, down, across = np.moveaxis(model(np.zeros((1, 32, 32, 1))).numpy()[0], -1, 0)
        assert np.allclose(centre, 0.03, atol=1e-5)
        assert np.allclose([foreground, down, across], 0.5, atol=1e-5)

    def test_a_network_without_centres_is_left_alone(self, network):
        model = build.build_network(network)
        before = model.get_weights()
        trainee.expect_rare_centres(model, float_interface(32, 32))
        assert all(map(np.array_equal, before, model.get_weights()))
