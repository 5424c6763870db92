"""What a network is to learn about each image: its task's targets, of the truth.

Targets are made of the crop that a network sees, after augmentation, so that what turns with the image (an
offset) turns by itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from edgeseg.data.truth import Truth
from edgeseg.host.training.tasks.registry import task_of
from edgeseg.model.interface import Interface

#: `(H, W)`: the mask as bool, or the labels as int32; 0 is background in both.
TruthPixels = npt.NDArray[Any]


class Targets:
    """What a network with some interface is to learn."""

    def __init__(self, interface: Interface) -> None:
        """Find the task.

        Args:
            interface: of the network.

        Raises:
            ConfigError: no task has such maps.
        """
        self._interface, self._task = interface, task_of(interface)

    def keep(self, truth: Truth) -> TruthPixels:
        """What of the truth of a whole image is needed: a quarter of the memory where that is the mask."""
        return truth.labels if self._task.truth == "labels" else truth.mask

    def make(self, truth: TruthPixels) -> npt.NDArray[np.float32]:
        """The targets of a crop.

        Args:
            truth: `(H, W)` of what `keep` gave.

        Returns:
            `(H, W, maps)`, 0 to 1.
        """
        return self._task.target(truth, self._interface)
