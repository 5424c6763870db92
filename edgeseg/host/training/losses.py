"""What a network is punished for: the four losses of the paper on probabilities, and those of other maps.

The overlap terms are soft counts over the whole batch: an image without cells then needs no special
case, and the loss is close to what pooled Dice and IoU measure. Smoothing by 1 pixel keeps an all-empty
batch at zero loss.

Sources: Dice loss, Milletari et al. 2016 (doi 10.1109/3DV.2016.79); Jaccard (soft IoU), Rahman and Wang
2016 (doi 10.1007/978-3-319-50835-1_22); focal loss with gamma 2, Lin et al. 2017 (doi
10.1109/ICCV.2017.324). The paper (doi 10.55214/25768484.v9i3.5668) adds the terms with equal weight.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from edgeseg.host.training.keras import keras, tf
from edgeseg.model.interface import MapTensor, Meaning

_GAMMA = 2.0
_SMOOTH = 1.0
_EPSILON = 1e-7

#: Of the centre's cross-entropy and the offsets' mean absolute error, beside the loss of the foreground.
#: After 25 epochs of `pocket` on nih3t3_phase, one seed each, the F1 of cells on whole validation images was
#: 0.790 with the cross-entropy, and 0.744 and 0.747 with the squared error (weights 20 and 200). Few pixels
#: are near a centre; where a network says so of none, a squared error behind a sigmoid has hardly a slope.
CENTRE_WEIGHT, OFFSET_WEIGHT = 5.0, 10.0

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


def loss_of(maps: Sequence[MapTensor], name: str) -> Loss:
    """The loss on all maps of a network, of `(N, H, W, maps)` targets and output.

    Foreground and classes are probabilities, and `name` is the loss on them. A centre is a height from 0 to
    1, and its loss the cross-entropy less what even the right height would cost. Offsets have a meaning
    inside cells only, so their error counts there.

    Args:
        maps: of the network, in order.
        name: one of `LOSSES`.
    """
    probabilities = _numbers(maps, Meaning.FOREGROUND, Meaning.CLASS)
    centres, offsets = _numbers(maps, Meaning.CENTRE), _numbers(maps, Meaning.OFFSET_Y, Meaning.OFFSET_X)
    if len(probabilities) == len(maps):
        return LOSSES[name]

    def together(truth: Any, output: Any) -> Any:
        total = LOSSES[name](_pick(truth, probabilities), _pick(output, probabilities))
        if centres:
            heights = _pick(truth, centres)
            total += CENTRE_WEIGHT * (bce(heights, _pick(output, centres)) - bce(heights, heights))
        if offsets:
            inside = _pick(truth, _numbers(maps, Meaning.FOREGROUND))
            error = inside * tf.abs(_pick(truth, offsets) - _pick(output, offsets))
            covered = len(offsets) * tf.reduce_sum(inside)
            total += OFFSET_WEIGHT * tf.math.divide_no_nan(tf.reduce_sum(error), covered)
        return total

    return together


def _numbers(maps: Sequence[MapTensor], *meanings: Meaning) -> list[int]:
    return [number for number, each in enumerate(maps) if each.meaning in meanings]


def _pick(maps: Any, numbers: Sequence[int]) -> Any:
    return tf.concat([maps[..., number : number + 1] for number in numbers], axis=-1)
