"""What is true of an image: which pixels belong to which cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from edgeseg.labels.pieces import connected_pieces

#: Where a truth comes from, by the name of the folder. Of `masks` nothing is known of touching cells.
TruthKind = Literal["labels", "masks"]


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """The cells of one image.

    Attributes:
        labels: `(H, W)` int32, 0 is background, every other number one cell.
        kind: `labels`: cells as people numbered them. `masks`: the connected pieces of a mask, so that
            cells that touch are one.
    """

    labels: npt.NDArray[np.int32]
    kind: TruthKind

    @classmethod
    def of_mask(cls, mask: npt.NDArray[np.bool_]) -> Truth:
        """The truth of a mask, `(H, W)` bool: each connected piece is taken for a cell."""
        return cls(connected_pieces(mask), "masks")

    @property
    def mask(self) -> npt.NDArray[np.bool_]:
        """`(H, W)` bool, true on every cell."""
        mask: npt.NDArray[np.bool_] = self.labels != 0
        return mask

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        height, width = self.labels.shape
        return height, width
