"""A mask in one bit a pixel, for images that leave no room for a second array of their size."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from edgeseg.data.images import Grey8

#: Masks of more pixels are kept in bits. Below, packing and unpacking would only take time.
LARGE = 2**24


class MaskRows(Protocol):
    """What is asked of a mask, an array or a `BitMask`: its rows, `(rows, W)` uint8, 0 or 255."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Height and width."""

    def __getitem__(self, rows: slice, /) -> Grey8:
        """Some rows."""

    def __setitem__(self, rows: slice, values: Grey8, /) -> None:
        """Replace some rows."""


class BitMask:
    """Rows in, rows out, 0 or 255; an eighth of the memory between.

    Attributes:
        shape: `(height, width)`.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self.shape: tuple[int, ...] = shape
        self._bits: npt.NDArray[np.uint8] = np.zeros((shape[0], -(-shape[1] // 8)), np.uint8)

    def __getitem__(self, rows: slice) -> Grey8:
        return np.unpackbits(self._bits[rows], axis=1, count=self.shape[1]) * np.uint8(255)

    def __setitem__(self, rows: slice, values: Grey8) -> None:
        self._bits[rows] = np.packbits(values, axis=1)


def empty_mask(shape: tuple[int, int]) -> MaskRows:
    """A mask to be filled: an array, or bits where it is large."""
    if shape[0] * shape[1] > LARGE:
        return BitMask(shape)
    plain: Grey8 = np.empty(shape, np.uint8)
    return plain
