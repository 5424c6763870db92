"""BatchNorm statistics that belong to the weights they are used with.

Moving averages lag behind the weights: with 60 steps an epoch and Keras' momentum of 0.99, validation
looks broken for the first epochs, and with a lower momentum every large step shows. So the statistics
are measured afresh, with the weights held still, before each validation ("precise BatchNorm", Wu and
Johnson 2021, arXiv 2105.07576, section 3). Training itself uses the batch's own statistics and is not
changed by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edgeseg.host.training.keras import keras, tf

#: Batches that the statistics are measured on: 2 million pixels a channel at 8 crops of 128x128.
BATCHES = 16


class StatisticsMeter:
    """Measures and sets the BatchNorm statistics of one model."""

    def __init__(self, model: Any) -> None:
        """Find the BatchNorm layers and prepare the measuring pass."""
        self._layers = [x for x in model.layers if isinstance(x, keras.layers.BatchNormalization)]
        self._momenta = [layer.momentum for layer in self._layers]
        self._pass = tf.function(lambda images: model(images, training=True), reduce_retracing=True)

    def measure(self, batches: Iterable[npt.NDArray[np.float32]]) -> None:
        """Replace the statistics by those over `batches`, `(N, H, W, 1)` float32 each."""
        # With momentum 0 a training pass leaves a batch's own statistics in the moving averages.
        self._set_momenta([0.0] * len(self._layers))
        try:
            seen = [self._statistics_of(images) for images in batches]
        finally:
            self._set_momenta(self._momenta)
        for layer, parts in zip(self._layers, zip(*seen, strict=True), strict=True):
            mean, variance = merge_statistics(parts)
            layer.moving_mean.assign(mean)
            layer.moving_variance.assign(variance)

    def _statistics_of(self, images: npt.NDArray[np.float32]) -> list[tuple[Any, Any]]:
        self._pass(tf.constant(images))
        return [(x.moving_mean.numpy(), x.moving_variance.numpy()) for x in self._layers]

    def _set_momenta(self, momenta: Sequence[float]) -> None:
        for layer, momentum in zip(self._layers, momenta, strict=True):
            layer.momentum = momentum


def merge_statistics(
    parts: Sequence[tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Mean and variance over batches of equal size, from each batch's own.

    Args:
        parts: `(mean, variance)` a batch, arrays of one shape.

    Returns:
        The mean of the means; the mean of the variances plus the variance of the means.
    """
    means = np.stack([mean for mean, _ in parts])
    variances = np.stack([variance for _, variance in parts])
    return means.mean(axis=0), variances.mean(axis=0) + means.var(axis=0)
