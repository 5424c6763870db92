"""How much each channel of a trained network matters to the loss."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from edgeseg.host.training.keras import tf
from edgeseg.host.training.losses import Loss
from edgeseg.host.training.pipeline import Batch
from edgeseg.networks.layers import Convolution, cuttable
from edgeseg.networks.network import Network


def channel_importance(
    model: Any, network: Network, loss: Loss, batches: Iterable[Batch]
) -> dict[str, npt.NDArray[np.float64]]:
    """The change of the loss that removing a channel would make, estimated to first order.

    A channel is removed by scaling what makes it to zero: its BatchNorm scale and shift, or its kernel
    and bias where no BatchNorm follows. The change is the sum of each of these times its gradient; its
    root mean square over the batches is the importance. Source: Molchanov et al. 2019, "Importance
    estimation for neural network pruning", arXiv 1906.10771, equation 8 and the gates of section 3.2.

    Args:
        model: the trained Keras model; its BatchNorm statistics are held still.
        network: what it was built from.
        loss: of truth and prediction.
        batches: of training images with their masks.

    Returns:
        `(channels,)` by convolution, for those that may lose channels.
    """
    # Without it, sums in another order could choose other channels when the same run is slimmed again.
    tf.config.experimental.enable_op_determinism()
    chosen = cuttable(network.layers)
    gates = [_gates(model, each) for each in chosen]

    def differentiate(images: Any, truth: Any) -> Any:
        with tf.GradientTape() as tape:
            value = loss(truth, model(images, training=False))
        return tape.gradient(value, gates)

    gradients = tf.function(differentiate, reduce_retracing=True)
    changes = [
        [_change(*pair) for pair in zip(gates, gradients(*map(tf.constant, batch)), strict=True)]
        for batch in batches
    ]
    return {
        each.name: np.sqrt(np.mean(np.square(values), axis=0))
        for each, values in zip(chosen, zip(*changes, strict=True), strict=True)
    }


def _gates(model: Any, convolution: Convolution) -> list[Any]:
    name = convolution.norm_layer if convolution.normalized else convolution.kernel_layer
    return list(model.get_layer(name).trainable_variables)


def _change(gates: list[Any], gradients: list[Any]) -> npt.NDArray[np.float64]:
    return np.sum(list(_by_channel(gates, gradients)), axis=0, dtype=np.float64)


def _by_channel(gates: list[Any], gradients: list[Any]) -> Iterator[npt.NDArray[np.float32]]:
    for gate, gradient in zip(gates, gradients, strict=True):
        product = (gate * gradient).numpy()
        # The kernel of a transposed convolution: (kh, kw, outputs, inputs).
        yield product.sum(axis=(0, 1, 3)) if product.ndim == 4 else product
