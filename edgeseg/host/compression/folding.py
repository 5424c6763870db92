"""A trained network without BatchNorm: its statistics and scales worked into the convolutions before it.

That is what the converter does to every file anyway. Doing it first means that quantization-aware
training sees the very weights that are quantized, and that no batch statistics wobble under it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from edgeseg.host.training.build import build_network, in_float32
from edgeseg.networks.layers import Convolution, convolutions
from edgeseg.networks.network import Network

Array = npt.NDArray[np.float32]


def fold_batch_norm(model: Any, network: Network) -> Any:
    """The same function of the image in inference, with fewer layers.

    Args:
        model: the Keras model of `network`, from `build_network`.
        network: what it was built from.

    Returns:
        A new Keras model that computes in float32, with a bias and the activation inside each convolution.
    """
    with in_float32():
        folded = build_network(network, folded=True)
    for each in convolutions(network.layers):
        folded.get_layer(each.kernel_layer).set_weights(_folded_weights(model, each))
    return folded


def _folded_weights(model: Any, convolution: Convolution) -> list[Array]:
    weights = model.get_layer(convolution.kernel_layer).get_weights()
    if not convolution.normalized:
        return list(weights)
    norm = model.get_layer(convolution.norm_layer)
    gamma, beta, mean, variance = norm.get_weights()
    scale = gamma / np.sqrt(variance + norm.epsilon)
    # The output channels of a transposed convolution are the last axis but one of its kernel.
    by_output = scale[:, None] if convolution.transposed else scale
    return [weights[0] * by_output, beta - mean * scale]
