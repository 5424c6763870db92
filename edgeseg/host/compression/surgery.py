"""Moving weights from a trained network into a narrower one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edgeseg.networks.layers import Source, convolutions, sources
from edgeseg.networks.network import Network

Indices = npt.NDArray[np.intp]


def carry_over(model: Any, narrow: Any, network: Network, kept: Mapping[str, Indices]) -> None:
    """Set the weights of a narrower network to those of the channels that it keeps.

    Where every channel that is left out is zero for every image, the two compute the same.

    Args:
        model: the Keras model to take from.
        narrow: the one to set, with as many channels as are kept.
        network: what `model` was built from.
        kept: the channels to keep, by convolution; where one is not named, all.
    """
    read = sources(network.layers, network.channels)
    for each in convolutions(network.layers):
        inputs = _kept_inputs(read[each.inputs[0]], kept)
        outputs = kept.get(each.name, np.arange(each.channels))
        kernel, *bias = model.get_layer(each.kernel_layer).get_weights()
        # Keras stores the kernel of a transposed convolution as (kh, kw, outputs, inputs).
        rows, columns = (outputs, inputs) if each.transposed else (inputs, outputs)
        narrow.get_layer(each.kernel_layer).set_weights(
            [kernel[:, :, rows][..., columns], *(b[outputs] for b in bias)]
        )
        if each.normalized:
            values = model.get_layer(each.norm_layer).get_weights()
            narrow.get_layer(each.norm_layer).set_weights([value[outputs] for value in values])


def _kept_inputs(read: Sequence[Source], kept: Mapping[str, Indices]) -> Indices:
    """The channels that remain of what a convolution reads; what is concatenated is counted on."""
    parts, offset = [], 0
    for source in read:
        parts.append(kept.get(source.layer, np.arange(source.channels)) + offset)
        offset += source.channels
    return np.concatenate(parts)
