"""A trained network without BatchNorm: its statistics and scales worked into the convolutions before it.

That is what the converter does to every file anyway. Doing it first means that quantization-aware
training sees the very weights that are quantized, and that no batch statistics wobble under it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from edgeseg.host.training.keras import keras

layers = keras.layers

Array = npt.NDArray[np.float32]


def fold_batch_norm(model: Any) -> Any:
    """The same function of the image in inference, with fewer layers.

    Args:
        model: a Keras model of convolutions (each followed by BatchNorm, ReLU, both or neither),
            transposed convolutions and layers without weights.

    Returns:
        A new Keras model that computes in float32, with a bias and the ReLU inside each convolution.
    """
    image = keras.Input(model.input_shape[1:], name="image")
    known = {id(model.inputs[0]): image}
    for layer in model.layers:
        if id(layer.output) in known:
            continue
        new, chain = _fold(model, layer) if type(layer) is layers.Conv2D else (copy_layer(layer), [layer])
        inputs = [known[id(tensor)] for tensor in as_list(layer.input)]
        output = new(inputs if len(inputs) > 1 else inputs[0])
        new.set_weights(_folded_weights(chain))
        known |= {id(each.output): output for each in chain}
    return keras.Model(image, known[id(model.outputs[0])], name=model.name)


def copy_layer(layer: Any, **changes: Any) -> Any:
    """A new layer of the same kind in float32, with some settings changed and fresh weights."""
    return type(layer).from_config(layer.get_config() | {"dtype": "float32"} | changes)


def as_list(tensors: Any) -> list[Any]:
    """One or several tensors as a list."""
    return list(tensors) if isinstance(tensors, (list, tuple)) else [tensors]


def _fold(model: Any, convolution: Any) -> tuple[Any, list[Any]]:
    """The convolution that takes the place of a chain of layers, and that chain."""
    chain = [convolution]
    for kind in (layers.BatchNormalization, layers.ReLU):
        readers = [x for x in model.layers if any(t is chain[-1].output for t in as_list(x.input))]
        if len(readers) == 1 and isinstance(readers[0], kind):
            chain.append(readers[0])
    activation = "relu" if isinstance(chain[-1], layers.ReLU) else "linear"
    return copy_layer(convolution, use_bias=True, activation=activation), chain


def _folded_weights(chain: list[Any]) -> list[Array]:
    weights = chain[0].get_weights()
    if len(chain) == 1 or not isinstance(chain[1], layers.BatchNormalization):
        return list(weights)
    norm = chain[1]
    scale = norm.gamma.numpy() / np.sqrt(norm.moving_variance.numpy() + norm.epsilon)
    bias = weights[1] if len(weights) > 1 else np.zeros_like(scale)
    return [weights[0] * scale, norm.beta.numpy() + (bias - norm.moving_mean.numpy()) * scale]
