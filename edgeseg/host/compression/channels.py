"""Which channels a network can do without, and how narrow it becomes. Pure arithmetic."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from edgeseg.errors import ConfigError

#: Widths are multiples of this, because XNNPACK computes at least so many channels at a time: of networks
#: with as many multiply-accumulates, those with widths such as 12 and 20 were slower, and 4 no faster than 8.
STEP = 8

Array = npt.NDArray[np.float64]
Scores = Mapping[str, Array]
Widths = dict[str, int]


def choose_widths(importance: Scores, costs: Mapping[str, float], fits: Callable[[Widths], bool]) -> Widths:
    """The widest network that fits, made of the channels that matter most for what they cost.

    Args:
        importance: of the channels of each layer, `(channels,)`.
        costs: of one channel, by layer.
        fits: whether widths keep to the limits; where wider ones do, narrower ones must too.

    Returns:
        Width by layer: a multiple of `STEP`, or of half the narrowest layer where that is less, but never
        more than it was.

    Raises:
        ConfigError: not even one such step of channels a layer fits.
    """
    step = max(min(STEP, min(map(len, importance.values())) // 2), 1)
    worth = [(value / costs[layer], layer) for layer, values in importance.items() for value in values]
    ranked = [layer for _, layer in sorted(worth, key=lambda each: -each[0])]

    def widths(count: int) -> Widths:
        counts = Counter(ranked[:count])
        return {
            layer: min(max(-(-counts[layer] // step), 1) * step, len(values))
            for layer, values in importance.items()
        }

    most = bisect_left(range(len(ranked) + 1), True, key=lambda count: not fits(widths(count))) - 1
    if most < 0:
        raise ConfigError(f"no network fits that keeps {step} channels a layer; set a wider limit")
    return widths(most)


def both_signs(importance: Array, weights: npt.NDArray[np.float32]) -> Array:
    """Importance in the layer that the logits read, so that channels of both signs stay for each map.

    Behind a ReLU, channels whose weights have one sign can argue for the cells only, or only against
    them; each alone may matter most, but a network that keeps no other cannot learn. So the first of
    either sign matter alike, and the second, and so on.

    Args:
        importance: of the channels, `(channels,)`.
        weights: with which the logits of each map read them, `(channels, maps)`.

    Returns:
        `(channels,)`: the greater importance of the two channels of one rank; the greatest of all maps.
    """
    result = importance.copy()
    for column in weights.T:
        signs = [np.flatnonzero(column >= 0), np.flatnonzero(column < 0)]
        ranked = [each[np.argsort(-importance[each], kind="stable")] for each in signs]
        for positive, negative in zip(*ranked, strict=False):
            both = max(importance[positive], importance[negative])
            result[[positive, negative]] = np.maximum(result[[positive, negative]], both)
    return result


def kept_channels(importance: Scores, widths: Mapping[str, int]) -> dict[str, npt.NDArray[np.intp]]:
    """The channels that matter most in each layer, in their old order: `(width,)` indices by layer."""
    return {
        layer: np.sort(np.argsort(-values, kind="stable")[: widths[layer]])
        for layer, values in importance.items()
    }
