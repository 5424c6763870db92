"""The network: a U-Net (Ronneberger et al. 2015, doi 10.1007/978-3-319-24574-4_28) with BatchNorm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgeseg.host.training.keras import keras
from edgeseg.networks.architecture import layer_widths
from edgeseg.networks.unet import UNetConfig

layers = keras.layers


def build_unet(
    config: UNetConfig,
    *,
    input_size: int | None = None,
    batch_size: int | None = None,
) -> Any:
    """Build the network with fresh weights.

    Args:
        config: what to build.
        input_size: height and width; None takes any multiple of `config.multiple`.
        batch_size: a fixed one for export: with a dynamic batch, transposed convolutions compute their
            output shape at run time, and XNNPACK leaves those operators out.

    Returns:
        A Keras model, `(N, H, W, 1)` float from 0 to 1 -> `(N, H, W, 1)` float32 probability.
    """
    widths = layer_widths(config)
    inputs = keras.Input((input_size, input_size, 1), batch_size=batch_size, name="image")
    tensor, skips = inputs, []
    for level in range(config.levels - 1):
        tensor = _block(tensor, widths, f"down{level}")
        skips.append(tensor)
        tensor = layers.MaxPooling2D(2, name=f"pool{level}")(tensor)
    tensor = _block(tensor, widths, "bottom")
    for level in reversed(range(config.levels - 1)):
        tensor = _upsample(tensor, widths[f"up{level}"], config.decoder, f"up{level}")
        tensor = layers.Concatenate(name=f"skip{level}")([skips[level], tensor])
        tensor = _block(tensor, widths, f"merge{level}")
    logits = layers.Conv2D(1, 1, name="logits")(tensor)
    outputs = layers.Activation("sigmoid", dtype="float32", name="probability")(logits)
    return keras.Model(inputs, outputs, name=config.name)


def _conv(tensor: Any, filters: int, name: str) -> Any:
    tensor = layers.Conv2D(
        filters, 3, padding="same", use_bias=False, kernel_initializer="he_normal", name=f"{name}_conv"
    )(tensor)
    tensor = layers.BatchNormalization(name=f"{name}_norm")(tensor)
    return layers.ReLU(name=f"{name}_relu")(tensor)


def _block(tensor: Any, widths: Mapping[str, int], name: str) -> Any:
    for each in (f"{name}a", f"{name}b"):
        tensor = _conv(tensor, widths[each], each)
    return tensor


def _upsample(tensor: Any, filters: int, decoder: str, name: str) -> Any:
    if decoder == "transpose":
        # No BatchNorm behind it: quantization-aware training cannot fold it and leaves a float island.
        return layers.Conv2DTranspose(filters, 2, strides=2, padding="same", name=name)(tensor)
    return _conv(layers.UpSampling2D(2, interpolation="bilinear", name=name)(tensor), filters, name)


def rebuild_for_export(trained: Any, config: UNetConfig) -> Any:
    """The same network with a static shape `(1, size, size, 1)` and the weights of `trained`.

    Built in float32 whatever precision `trained` computes in.
    """
    policy = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy("float32")
    try:
        model = build_unet(config, input_size=config.input_size, batch_size=1)
    finally:
        keras.mixed_precision.set_global_policy(policy)
    model.set_weights(trained.get_weights())
    return model
