"""The Keras models that layers become."""

import numpy as np
import pytest

from edgeseg.networks.layers import convolutions
from edgeseg.networks.pocket import PocketConfig
from edgeseg.networks.unet import UNetConfig

pytestmark = pytest.mark.host
build = pytest.importorskip("edgeseg.host.training.build", reason="needs TensorFlow")

NETWORKS = [
    UNetConfig(base_filters=2, levels=3, input_size=64),
    UNetConfig(base_filters=2, levels=3, decoder="bilinear", input_size=64),
    UNetConfig(base_filters=2, levels=2, input_size=64, channels=3, maps=4),
    PocketConfig(filters=(4, 6), blocks=(2, 1), input_size=64),
    PocketConfig(stem=2, filters=(4, 6), blocks=(1, 1), input_size=64, channels=3, maps=4),
]


def test_unet_64_has_the_31_million_parameters_of_the_study():
    assert build.build_network(UNetConfig(base_filters=64)).count_params() == pytest.approx(31.0e6, rel=0.003)


def test_pocket_has_the_parameters_that_were_measured():
    """BatchNorm's four values a channel counted."""
    assert build.build_network(PocketConfig()).count_params() == 108_456


@pytest.mark.parametrize("network", NETWORKS, ids=lambda each: each.name)
def test_the_output_is_a_probability_for_each_map_in_the_size_of_the_input(network):
    model = build.build_network(network)
    output = model(np.random.default_rng(0).random((2, 32, 48, network.channels), np.float32)).numpy()
    assert output.shape == (2, 32, 48, network.maps)
    assert output.min() >= 0
    assert output.max() <= 1


@pytest.mark.parametrize("network", NETWORKS, ids=lambda each: each.name)
def test_the_folded_network_has_the_parameters_that_the_layers_count(network):
    assert build.build_network(network, folded=True).count_params() == network.parameters


@pytest.mark.parametrize("network", NETWORKS, ids=lambda each: each.name)
def test_every_layer_has_the_shape_that_the_layers_say(network):
    from edgeseg.networks.layers import IMAGE, Convolution, shapes

    model = build.build_network(network, input_size=64)
    made = shapes(network.layers, network.image)
    assert made.pop(IMAGE).channels == network.channels
    for each in network.layers:
        name = each.kernel_layer if isinstance(each, Convolution) else each.name
        size, channels = made[each.name].size, made[each.name].channels
        assert model.get_layer(name).output_shape == (None, size, size, channels)


@pytest.mark.parametrize("network", NETWORKS, ids=lambda each: each.name)
def test_no_batch_norm_follows_a_transposed_convolution(network):
    model = build.build_network(network)
    for each in convolutions(network.layers):
        if each.transposed:
            followers = [node.outbound_layer for node in model.get_layer(each.kernel_layer).outbound_nodes]
            assert [type(follower).__name__ for follower in followers] == ["Concatenate"]


def test_each_map_is_made_of_its_own_channels():
    """Two maps, blocks of 2x2: a channel that is raised raises one pixel of each block, in one map."""
    network = PocketConfig(stem=2, filters=(4, 4), blocks=(1, 1), input_size=8, maps=2)
    model = build.build_network(network)
    image = np.zeros((1, 8, 8, 1), np.float32)
    kernel, bias = (np.zeros_like(each) for each in model.get_layer("logits").get_weights())
    for channel in range(8):
        raised = bias.copy()
        raised[channel] = 9
        model.get_layer("logits").set_weights([kernel, raised])
        place, pixels = divmod(channel, 2), model(image).numpy()[0] > 0.6
        y, x = divmod(place[0], 2)
        assert pixels[y::2, x::2, place[1]].all()
        assert pixels.sum() == 16


@pytest.mark.parametrize("network", NETWORKS, ids=lambda each: each.name)
def test_the_model_rebuilt_for_export_computes_the_same_with_a_static_shape(network):
    trained = build.build_network(network)
    rebuilt = build.rebuild_for_export(trained, network)
    image = np.random.default_rng(0).random((1, 64, 64, network.channels), np.float32)
    assert rebuilt.input_shape == (1, 64, 64, network.channels)
    assert np.allclose(trained(image), rebuilt(image), atol=1e-6)
