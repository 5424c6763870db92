"""A network that computes in floats what its int8 file will compute in integers.

tfmot's own 8-bit scheme is not used whole: in a U-Net it gives the two tensors that meet in a
concatenation a scale each (its layout transforms pass over a tensor with two readers, and every skip is
read by a max-pool too), which costs a QUANTIZE operator each; it has one weight scale for all channels of
a transposed convolution; and its ranges start at +-6. So its quantizers and wrappers stand here in a
graph of our own, on *grids*: a grid is one scale and zero point, and tensors that the file must hold
alike (what meets in a concatenation, what goes in and out of a max-pool, an upsampling, a depth-to-space)
share one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from edgeseg.host.training.keras import keras, tf
from edgeseg.model import encoding
from edgeseg.networks.layers import (
    IMAGE,
    Concatenation,
    Convolution,
    Layer,
    Layers,
    Sigmoid,
    Upsampling,
    convolutions,
    walk,
)
from edgeseg.networks.network import Network

# tfmot takes the Keras that `training.keras` has chosen, so it comes after that.
# isort: split
from tensorflow_model_optimization.python.core.quantization.keras.quantize_layer import QuantizeLayer
from tensorflow_model_optimization.python.core.quantization.keras.quantize_wrapper import QuantizeWrapperV2
from tensorflow_model_optimization.quantization.keras import QuantizeConfig, quantizers

layers = keras.layers

#: Grid name -> the least and the greatest value that it holds, 0 among them. The grid of the image is fixed,
#: so that a grey value is its own int8 code but for one bit.
Ranges = Mapping[str, tuple[float, float]]


def grids_of(layers: Layers) -> dict[str, str]:
    """The grid that each layer's output is on.

    Args:
        layers: of a network.

    Returns:
        By layer; the grid of a probability does not count, it is the same in every file. A grid is called
        after the first concatenation that it reaches, else after the Keras layer of the convolution that
        makes it: runs of version 0.1 keep their ranges under these names.
    """
    passed_on = [each for each in layers if not isinstance(each, Convolution | Sigmoid)]
    names = {IMAGE: IMAGE} | {each.name: each.kernel_layer for each in convolutions(layers)}
    for each in passed_on:  # all that a layer reads without computing is on one grid, and so is what it makes
        if isinstance(each, Concatenation):
            joined = {names[name] for name in each.inputs}
            first = next((one.name for one in passed_on if one.name in joined), each.name)
            names |= {name: first for name, grid in names.items() if grid in joined}
        names[each.name] = names[each.inputs[0]]
    return names


def _trace(
    network: Network,
    image: Any,
    *,
    apply: Callable[[Layer, str], Any],
    quantize: Callable[[Any, str], Any],
) -> Any:
    """Compute a folded network layer by layer, each tensor put on its grid.

    Args:
        network: whose layers are computed.
        image: the input, symbolic or not.
        apply: the Keras layer that stands for a layer, which reads the grid of that name.
        quantize: puts a tensor on the grid of that name.

    Returns:
        The output, a probability: its grid is the same in every file.
    """
    grids = grids_of(network.layers)

    def compute(layer: Layer, inputs: list[Any]) -> Any:
        output = apply(layer, grids[layer.inputs[0]])(inputs if len(inputs) > 1 else inputs[0])
        if isinstance(layer, Convolution | Upsampling):
            return quantize(output, grids[layer.name])
        return output

    return walk(network.layers, quantize(image, IMAGE), compute)[network.layers[-1].name]


def measure_ranges(
    model: Any, network: Network, images: npt.NDArray[np.uint8]
) -> dict[str, tuple[float, float]]:
    """The calibration pass: which values occur on each grid.

    Args:
        model: from `fold_batch_norm`.
        network: that it is.
        images: `(N, H, W)` or `(N, H, W, channels)` uint8, prepared training images.
    """

    def find_extremes(batch: Any) -> Any:
        seen: dict[str, list[Any]] = {}

        def watch(tensor: Any, grid: str) -> Any:
            seen.setdefault(grid, []).extend((tf.reduce_min(tensor), tf.reduce_max(tensor)))
            return tensor

        _trace(network, batch, apply=lambda layer, _grid: _layer_of(model, layer), quantize=watch)
        return {grid: tf.stack((tf.reduce_min(v), tf.reduce_max(v))) for grid, v in seen.items()}

    extremes = tf.function(find_extremes)
    found = [extremes(tf.constant(encoding.float_image(each))) for each in images]
    ranges = {}
    for grid in found[0]:
        low, high = (float(pick(each[grid][end] for each in found)) for end, pick in enumerate((min, max)))
        # Zero is always among the values; a tensor that is nothing but zeros still needs some scale.
        ranges[grid] = min(low, 0.0), max(high, 0.0) or 1.0
    return ranges | {IMAGE: (0.0, 1.0)}


def fake_quantize(model: Any, network: Network, ranges: Ranges) -> Any:
    """A trainable network that rounds as the int8 file does.

    Weights that are zero stay so in training: in a pruned network that keeps the sparsity, in another
    there are none.

    Args:
        model: from `fold_batch_norm`; its weights are copied.
        network: that it is.
        ranges: from `measure_ranges`, held fixed.

    Returns:
        A Keras model, `(N, H, W, channels)` float from 0 to 1 -> `(N, H, W, maps)` probability.
    """

    def apply(layer: Layer, _grid: str) -> Any:
        there = _layer_of(model, layer)
        return _rounding(there) if isinstance(layer, Convolution) else _copy(there)

    image = keras.Input((None, None, network.channels), name=IMAGE)
    return _on_grids(network, ranges, image, apply)


def freeze(model: Any, network: Network, ranges: Ranges) -> Any:
    """The network that is converted: as `fake_quantize`, with the kernels rounded for good.

    The converter finds the kernels' scales again, to the bit: it takes them from the largest weights, and
    those are on the last step. Fake quantization that stays in the graph is refused for the kernel of a
    transposed convolution ("mismatched quantized axes").

    Args:
        model: from `fold_batch_norm`, trained or not; its weights are copied.
        network: that it is.
        ranges: from `measure_ranges`.

    Returns:
        A Keras model, `(1, size, size, channels)` float from 0 to 1 -> `(1, size, size, maps)` probability,
        with the network's `input_size`.
    """

    def apply(layer: Layer, grid: str) -> Any:
        low, high = ranges[grid]
        there = _layer_of(model, layer)
        return _rounded(there, step=(high - low) / 255) if isinstance(layer, Convolution) else _copy(there)

    size = network.input_size
    image = keras.Input((size, size, network.channels), batch_size=1, name=IMAGE)
    return _on_grids(network, ranges, image, apply)


def _on_grids(network: Network, ranges: Ranges, image: Any, apply: Callable[[Layer, str], Any]) -> Any:
    grids = {
        name: QuantizeLayer(
            quantizers.FixedQuantizer(num_bits=8, init_min=low, init_max=high, narrow_range=False),
            name=f"{name}_grid",
        )
        for name, (low, high) in ranges.items()
    }
    output = _trace(network, image, apply=apply, quantize=lambda tensor, grid: grids[grid](tensor))
    return keras.Model(image, output, name=network.name)


def _layer_of(model: Any, layer: Layer) -> Any:
    """The Keras layer of a folded network that stands for a layer."""
    return model.get_layer(layer.kernel_layer if isinstance(layer, Convolution) else layer.name)


def _copy(layer: Any, **changes: Any) -> Any:
    """A new Keras layer of the same kind, with some settings changed and fresh weights."""
    return type(layer).from_config(layer.get_config() | changes)


def copy_weights(trained: Any, model: Any) -> None:
    """The weights of a network from `fake_quantize` back into the folded one that it was made from."""
    for layer in trained.layers:
        if isinstance(layer, QuantizeWrapperV2):
            model.get_layer(layer.layer.name).set_weights([v.numpy() for v in layer.trainable_weights])


def _rounded(layer: Any, *, step: float) -> Any:
    """A copy of a convolution as the file holds it: the bias is rounded too, to steps of input times kernel.

    Unrounded biases cost a trained `unet-8` 0.14 % of the mask pixels on which file and model agree.
    """
    kernel, bias = layer.get_weights()
    rounded, steps = round_kernel(kernel, transposed=_is_transposed(layer))
    bias_steps = np.maximum(steps.numpy().ravel() * step, np.finfo(np.float32).tiny)
    new = _copy(layer)
    new.build(layer.input_shape)
    new.set_weights([rounded.numpy(), np.rint(bias / bias_steps) * bias_steps])
    return new


def _rounding(layer: Any) -> Any:
    """A copy of a convolution whose kernel is rounded whenever it is used."""
    weights = layer.get_weights()
    new = _copy(layer, kernel_constraint=_Mask(weights[0] != 0))
    new.build(layer.input_shape)
    new.set_weights(weights)
    return QuantizeWrapperV2(new, _KernelConfig())


def _is_transposed(layer: Any) -> bool:
    return isinstance(layer, layers.Conv2DTranspose)


def round_kernel(kernel: Any, *, transposed: bool) -> tuple[Any, Any]:
    """Round weights to what int8 holds, from -127 to 127 steps, the step chosen for each output channel.

    Args:
        kernel: `(height, width, in, out)`, or `(height, width, out, in)` of a transposed convolution.
        transposed: which of the two.

    Returns:
        A tensor of the same shape, and the size of the steps.
    """
    others = (0, 1, 3) if transposed else (0, 1, 2)
    step = tf.reduce_max(tf.abs(kernel), axis=others, keepdims=True) / 127
    return tf.round(tf.math.divide_no_nan(kernel, step)) * step, step


class _Mask(keras.constraints.Constraint):
    """Sets weights to zero where `keep` is False."""

    def __init__(self, keep: npt.NDArray[np.bool_]) -> None:
        self._keep = tf.constant(keep, tf.float32)

    def __call__(self, weight: Any) -> Any:
        return weight * self._keep


class _KernelQuantizer(quantizers.Quantizer):
    """`round_kernel` as tfmot's wrapper calls it. It has no state, so ranges never lag behind the weights."""

    def __init__(self, *, transposed: bool) -> None:
        self._transposed = transposed

    def build(self, _shape: Any, _name: str, _layer: Any) -> dict[str, Any]:
        return {}

    def __call__(self, inputs: Any, _training: Any, **_state: Any) -> Any:
        rounded, _ = round_kernel(inputs, transposed=self._transposed)
        return inputs + tf.stop_gradient(rounded - inputs)  # gradients pass through the rounding

    def get_config(self) -> dict[str, Any]:
        return {"transposed": self._transposed}


class _KernelConfig(QuantizeConfig):
    """Quantizes the kernel of a convolution and nothing else: biases are int32, outputs have grids."""

    def get_weights_and_quantizers(self, layer: Any) -> list[tuple[Any, Any]]:
        return [(layer.kernel, _KernelQuantizer(transposed=_is_transposed(layer)))]

    def get_activations_and_quantizers(self, _layer: Any) -> list[Any]:
        return []

    def set_quantize_weights(self, layer: Any, quantize_weights: list[Any]) -> None:
        layer.kernel = quantize_weights[0]

    def set_quantize_activations(self, _layer: Any, _activations: list[Any]) -> None:
        pass

    def get_output_quantizers(self, _layer: Any) -> list[Any]:
        return []

    def get_config(self) -> dict[str, Any]:
        return {}
