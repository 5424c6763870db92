"""The network."""

import numpy as np
import pytest

from edgeseg.networks.unet import UNetConfig

pytestmark = pytest.mark.host
unet = pytest.importorskip("edgeseg.host.training.unet", reason="needs TensorFlow")


def test_unet_64_has_the_31_million_parameters_of_the_study():
    assert unet.build_unet(UNetConfig(base_filters=64)).count_params() == pytest.approx(31.0e6, rel=0.003)


@pytest.mark.parametrize("decoder", ["transpose", "bilinear"])
def test_the_output_is_a_probability_map_of_the_input_size(decoder):
    model = unet.build_unet(UNetConfig(base_filters=2, levels=3, decoder=decoder, input_size=64))
    output = model(np.random.default_rng(0).random((2, 32, 48, 1), np.float32)).numpy()
    assert output.shape == (2, 32, 48, 1)
    assert output.min() >= 0
    assert output.max() <= 1


def test_no_batch_norm_follows_a_transposed_convolution():
    model = unet.build_unet(UNetConfig(base_filters=2))
    for layer in model.layers:
        if type(layer).__name__ == "Conv2DTranspose":
            followers = [node.outbound_layer for node in layer.outbound_nodes]
            assert [type(each).__name__ for each in followers] == ["Concatenate"]


def test_the_model_rebuilt_for_export_computes_the_same_with_a_static_shape():
    config = UNetConfig(base_filters=2, levels=3, input_size=32)
    trained = unet.build_unet(config)
    rebuilt = unet.rebuild_for_export(trained, config)
    image = np.random.default_rng(0).random((1, 32, 32, 1), np.float32)
    assert rebuilt.input_shape == (1, 32, 32, 1)
    assert np.allclose(trained(image), rebuilt(image), atol=1e-6)
