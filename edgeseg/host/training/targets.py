"""From the truth of an image to what a network is to learn: one array of numbers from 0 to 1 a map.

Targets are made of the crop that a network sees, after augmentation, so that what turns with the image (an
offset) turns by itself.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgeseg.data.truth import Truth
from edgeseg.errors import ConfigError
from edgeseg.model.interface import MapTensor, Meaning, foreground_maps

#: `(H, W)`: the mask as bool, or the labels as int32; 0 is background in both.
TruthPixels = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class MapMaker:
    """How the target of a map is made.

    Attributes:
        make: from the truth `(H, W)` to the target `(H, W)` float32, 0 to 1.
        needs_labels: whether it asks which cell a pixel belongs to; else the mask is enough.
    """

    make: Callable[[TruthPixels, MapTensor], npt.NDArray[np.float32]]
    needs_labels: bool


def _foreground(truth: TruthPixels, _map: MapTensor) -> npt.NDArray[np.float32]:
    return (truth != 0).astype(np.float32)


#: By the meaning of a map. What is not here cannot be trained yet.
MAKERS: Mapping[Meaning, MapMaker] = types.MappingProxyType(
    {Meaning.FOREGROUND: MapMaker(_foreground, needs_labels=False)}
)


class Targets:
    """What a network with some maps is to learn."""

    def __init__(self, maps: Sequence[MapTensor]) -> None:
        """Find how each target is made.

        Args:
            maps: of the network, in order.

        Raises:
            ConfigError: nothing makes the target of a map.
        """
        for each in maps:
            if each.meaning not in MAKERS:
                raise ConfigError(
                    f"expected maps that can be trained ({', '.join(MAKERS)}), but '{each.name}' is of the "
                    f"kind {each.meaning}"
                )
        self._makers = [(MAKERS[each.meaning], each) for each in maps]
        self._needs_labels = any(maker.needs_labels for maker, _ in self._makers)

    def keep(self, truth: Truth) -> TruthPixels:
        """What of the truth of a whole image is needed: a quarter of the memory where that is the mask."""
        return truth.labels if self._needs_labels else truth.mask

    def make(self, truth: TruthPixels) -> npt.NDArray[np.float32]:
        """The targets of a crop.

        Args:
            truth: `(H, W)` of what `keep` gave.

        Returns:
            `(H, W, maps)`, 0 to 1.
        """
        return np.stack([maker.make(truth, each) for maker, each in self._makers], axis=-1)


#: Of a network that is trained on masks.
FOREGROUND = Targets(foreground_maps())
