"""A picture for people: the image with every cell tinted and outlined."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from edgeseg.data.images import Grey8
from edgeseg.prediction.bitmask import MaskRows

#: A longer image is reduced by a whole factor: an overlay is to be looked at.
MAX_SIDE = 4096

#: Rows that are drawn at a time.
_BAND_ROWS = 256

#: BGR. Orange stands out from grey on a screen, in print, and for colour-blind eyes.
COLOUR = (0, 140, 255)

#: How much of the colour is mixed in within a cell, 0 to 1.
TINT = 0.18


def draw_overlay(grey: Grey8, mask: MaskRows) -> npt.NDArray[np.uint8]:
    """Draw a mask over its image.

    Args:
        grey: `(H, W)` uint8.
        mask: `(H, W)`, 0 or 255.

    Returns:
        `(H, W, 3)` uint8 BGR, reduced by a whole factor where a side is longer than `MAX_SIDE`. The
        outline is the outermost pixel of the cell itself.
    """
    factor = math.ceil(max(grey.shape) / MAX_SIDE)
    size = (max(1, grey.shape[1] // factor), max(1, grey.shape[0] // factor))
    mask = _reduced(mask, size)
    if factor > 1:
        grey = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
    picture = np.empty((*grey.shape, 3), np.uint8)
    for top in range(0, len(grey), _BAND_ROWS):
        rows = slice(top, top + _BAND_ROWS)
        cv2.cvtColor(grey[rows], cv2.COLOR_GRAY2BGR, dst=picture[rows])
        cv2.copyTo(cv2.LUT(picture[rows], _TINTED), mask[rows], picture[rows])
        picture[rows][_outline(mask, top)] = COLOUR
    return picture


def _reduced(mask: MaskRows, size: tuple[int, int]) -> Grey8:
    """A mask as an array of `(width, height)`; of what is left out, no pixel is mixed in."""
    if mask.shape == size[::-1]:
        return mask[:]
    rows, columns = (np.arange(new) * old // new for new, old in zip(size[::-1], mask.shape, strict=True))
    return np.concatenate([mask[row : row + 1][:, columns] for row in rows.tolist()])


def _outline(mask: Grey8, top: int) -> npt.NDArray[np.bool_]:
    """Where the rows from `top` on hold the rim of a cell; beyond the image counts as cell."""
    above = min(top, 1)
    near = mask[top - above : top + _BAND_ROWS + 1]
    rim: npt.NDArray[np.bool_] = near != cv2.erode(near, np.ones((3, 3), np.uint8))
    return rim[above : above + _BAND_ROWS]


def _tint_table() -> npt.NDArray[np.uint8]:
    grey = np.arange(256)[:, None]
    return np.rint(grey + TINT * (np.array(COLOUR) - grey)).astype(np.uint8)[:, None, :].reshape(1, 256, 3)


_TINTED = _tint_table()
