"""The four losses of the study, on probabilities.

The overlap terms are soft counts over the whole batch: an image without cells then needs no special
case, and the loss is close to what pooled Dice and IoU measure. Smoothing by 1 pixel keeps an all-empty
batch at zero loss.

Sources: Dice loss, Milletari et al. 2016 (doi 10.1109/3DV.2016.79); Jaccard (soft IoU), Rahman and Wang
2016 (doi 10.1007/978-3-319-50835-1_22); focal loss with gamma 2, Lin et al. 2017 (doi
10.1109/ICCV.2017.324). The study (doi 10.55214/25768484.v9i3.5668) adds the terms with equal weight.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edgeseg.host.training.keras import keras, tf

_GAMMA = 2.0
_SMOOTH = 1.0
_EPSILON = 1e-7

Loss = Callable[[Any, Any], Any]


def bce(truth: Any, probability: Any) -> Any:
    """Mean binary cross-entropy over all pixels."""
    return tf.reduce_mean(keras.losses.binary_crossentropy(truth, probability))


def dice(truth: Any, probability: Any) -> Any:
    """One minus the soft Dice coefficient of the batch."""
    overlap, total = _overlap(truth, probability)
    return 1 - (2 * overlap + _SMOOTH) / (total + _SMOOTH)


def jaccard(truth: Any, probability: Any) -> Any:
    """One minus the soft Jaccard index of the batch."""
    overlap, total = _overlap(truth, probability)
    return 1 - (overlap + _SMOOTH) / (total - overlap + _SMOOTH)


def focal(truth: Any, probability: Any) -> Any:
    """Mean focal loss over all pixels: cross-entropy weighted by (1 - probability of the truth)^2."""
    probability = tf.clip_by_value(probability, _EPSILON, 1 - _EPSILON)
    right = truth * probability + (1 - truth) * (1 - probability)
    return tf.reduce_mean(-tf.pow(1 - right, _GAMMA) * tf.math.log(right))


def _overlap(truth: Any, probability: Any) -> tuple[Any, Any]:
    return tf.reduce_sum(truth * probability), tf.reduce_sum(truth) + tf.reduce_sum(probability)


#: By name, those of `networks.training.LOSSES`: `(N, H, W, 1)` truth 0 or 1 and probability -> scalar.
LOSSES: dict[str, Loss] = {
    "bce": bce,
    "dice-bce": lambda truth, probability: dice(truth, probability) + bce(truth, probability),
    "dice-focal": lambda truth, probability: dice(truth, probability) + focal(truth, probability),
    "jaccard-bce": lambda truth, probability: jaccard(truth, probability) + bce(truth, probability),
}
