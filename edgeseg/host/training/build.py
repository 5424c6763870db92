"""From layers as data to a Keras model."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from edgeseg.host.training.keras import keras, tf
from edgeseg.networks.layers import (
    IMAGE,
    Concatenation,
    Convolution,
    DepthToSpace,
    Layer,
    MaxPooling,
    Sigmoid,
    Upsampling,
    walk,
)
from edgeseg.networks.network import Network

layers = keras.layers


def build_network(
    network: Network,
    *,
    input_size: int | None = None,
    batch_size: int | None = None,
    folded: bool = False,
) -> Any:
    """Build a network with fresh weights.

    Args:
        network: what to build.
        input_size: height and width; None takes any multiple of `network.multiple`.
        batch_size: a fixed one for export: with a dynamic batch, transposed convolutions compute their
            output shape at run time, and XNNPACK leaves those operators out.
        folded: without BatchNorm, as `compression.folding` makes it of a trained network: each convolution
            has a bias, and its activation inside.

    Returns:
        A Keras model, `(N, H, W, channels)` float from 0 to 1 -> `(N, H, W, maps)` float32 probability.
    """
    image = keras.Input((input_size, input_size, network.channels), batch_size=batch_size, name=IMAGE)
    return connect(network, image, lambda layer: keras_layers(layer, folded=folded))


def connect(network: Network, image: Any, make: Callable[[Layer], list[Any]]) -> Any:
    """A Keras model of a network.

    Args:
        network: whose layers are connected.
        image: the `keras.Input`.
        make: the Keras layers that stand for a layer, one behind the other.
    """

    def compute(layer: Layer, inputs: list[Any]) -> Any:
        tensor = inputs if isinstance(layer, Concatenation) else inputs[0]
        for each in make(layer):
            tensor = each(tensor)
        return tensor

    made = walk(network.layers, image, compute)
    return keras.Model(image, made[network.layers[-1].name], name=network.name)


def keras_layers(layer: Layer, *, folded: bool) -> list[Any]:
    """The Keras layers that stand for a layer, one behind the other, with fresh weights."""
    match layer:
        case Convolution():
            return _convolution(layer, folded=folded)
        case MaxPooling():
            return [layers.MaxPooling2D(2, name=layer.name)]
        case Upsampling():
            return [layers.UpSampling2D(2, interpolation="bilinear", name=layer.name)]
        case Concatenation():
            return [layers.Concatenate(name=layer.name)]
        case DepthToSpace():
            return [KerasDepthToSpace(layer.block, name=layer.name)]
        case Sigmoid():
            return [layers.Activation("sigmoid", dtype="float32", name=layer.name)]


def _convolution(layer: Convolution, *, folded: bool) -> list[Any]:
    kind = layers.Conv2DTranspose if layer.transposed else layers.Conv2D
    normalized = layer.normalized and not folded
    convolution = kind(
        layer.channels,
        layer.kernel,
        strides=layer.stride,
        # The same for a kernel of one pixel, and the bytes that version 0.1 exported.
        padding="same" if layer.kernel > 1 else "valid",
        use_bias=not normalized,
        activation="linear" if normalized else layer.activation,
        kernel_initializer="he_normal" if normalized else "glorot_uniform",
        name=layer.kernel_layer,
    )
    if not normalized:
        return [convolution]
    behind = [layers.BatchNormalization(name=layer.norm_layer)]
    if layer.activation == "relu":
        behind.append(layers.ReLU(name=f"{layer.name}_relu"))
    return [convolution, *behind]


class KerasDepthToSpace(keras.layers.Layer):
    """`networks.layers.DepthToSpace` in Keras, which has no layer for it."""

    def __init__(self, block: int, **kwargs: Any) -> None:
        """Make the layer.

        Args:
            block: pixels a side that the channels of one pixel become.
            kwargs: of a Keras layer.
        """
        super().__init__(**kwargs)
        self.block = block

    def call(self, inputs: Any) -> Any:
        """`(N, H, W, block² * maps)` -> `(N, block * H, block * W, maps)`."""
        return tf.nn.depth_to_space(inputs, self.block)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {"block": self.block}


@contextlib.contextmanager
def in_float32() -> Iterator[None]:
    """What is built inside computes in float32, whatever precision a training has chosen."""
    policy = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy("float32")
    try:
        yield
    finally:
        keras.mixed_precision.set_global_policy(policy)


def rebuild_for_export(trained: Any, network: Network) -> Any:
    """The same network with a static shape `(1, size, size, channels)` and the weights of `trained`.

    Built in float32 whatever precision `trained` computes in.
    """
    with in_float32():
        model = build_network(network, input_size=network.input_size, batch_size=1)
    model.set_weights(trained.get_weights())
    return model
