"""Moving weights from a trained U-Net into a narrower one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from edgeseg.networks.architecture import LOGITS, Convolution, convolutions, layer_widths
from edgeseg.networks.unet import UNetConfig

Indices = npt.NDArray[np.intp]


def carry_over(model: Any, narrow: Any, network: UNetConfig, kept: Mapping[str, Indices]) -> None:
    """Set the weights of a narrower network to those of the channels that it keeps.

    Where every channel that is left out is zero for every image, the two compute the same.

    Args:
        model: the Keras model to take from.
        narrow: the one to set, with as many channels as are kept.
        network: what `model` was built from.
        kept: the channels to keep of each convolution, by name, without `logits`.
    """
    widths, kept = layer_widths(network), {**kept, LOGITS: np.arange(1)}
    for each in convolutions(network.levels, network.decoder):
        inputs, outputs = _inputs(each, kept, widths), kept[each.name]
        kernel, *bias = convolution_layer(model, each).get_weights()
        # Keras stores the kernel of a transposed convolution as (kh, kw, outputs, inputs).
        rows, columns = (outputs, inputs) if each.transposed else (inputs, outputs)
        convolution_layer(narrow, each).set_weights(
            [kernel[:, :, rows][..., columns], *(b[outputs] for b in bias)]
        )
        if each.normalized:
            values = norm_layer(model, each).get_weights()
            norm_layer(narrow, each).set_weights([value[outputs] for value in values])


def _inputs(convolution: Convolution, kept: Mapping[str, Indices], widths: Mapping[str, int]) -> Indices:
    """The channels that remain of what a convolution reads; what is concatenated is counted on."""
    parts, offset = [], 0
    for name in convolution.inputs:
        parts.append(kept[name] + offset)
        offset += widths[name]
    return np.concatenate(parts) if parts else np.arange(1)


def convolution_layer(model: Any, convolution: Convolution) -> Any:
    """The Keras layer of a convolution."""
    return model.get_layer(f"{convolution.name}_conv" if convolution.normalized else convolution.name)


def norm_layer(model: Any, convolution: Convolution) -> Any:
    """The BatchNorm layer behind a convolution that has one."""
    return model.get_layer(f"{convolution.name}_norm")
