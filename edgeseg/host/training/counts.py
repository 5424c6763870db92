"""Pixel counts of the training crops as Keras metrics: of the mask that the maps are decoded to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edgeseg.host.training.keras import keras, tf
from edgeseg.model.interface import DecoderKind, Interface, Meaning

_KINDS = {
    "tp": keras.metrics.TruePositives,
    "fp": keras.metrics.FalsePositives,
    "fn": keras.metrics.FalseNegatives,
    "tn": keras.metrics.TrueNegatives,
}

#: In the order of `ConfusionCounts`.
NAMES = tuple(_KINDS)


def mask_counts(interface: Interface) -> list[Any]:
    """The metrics, by `NAMES`, on targets of which the first channels are the truth of each map."""
    foreground = _foreground(interface)
    threshold = interface.decoder.threshold

    def of_mask(kind: Any) -> Any:
        class OfMask(kind):
            def update_state(self, targets: Any, maps: Any, sample_weight: Any = None) -> Any:
                return super().update_state(foreground(targets), foreground(maps), sample_weight)

        return OfMask

    return [of_mask(kind)(name=name, thresholds=threshold) for name, kind in _KINDS.items()]


def _foreground(interface: Interface) -> Callable[[Any], Any]:
    """From maps to one channel that exceeds the threshold on foreground."""
    if interface.decoder.kind is DecoderKind.ARGMAX:
        classes = interface.of(Meaning.CLASS)

        def of_classes(maps: Any) -> Any:
            chosen = tf.argmax(tf.stack([maps[..., each] for each in classes], axis=-1), axis=-1)
            return tf.cast(chosen != 0, tf.float32)[..., None]

        return of_classes
    (number,) = interface.of(Meaning.FOREGROUND)
    return lambda maps: maps[..., number : number + 1]
