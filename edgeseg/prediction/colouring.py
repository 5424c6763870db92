"""Which colour each cell of a picture gets: by its number, and never that of a cell that touches it."""

from __future__ import annotations

import colorsys
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

#: BGR. They stand out from grey and from each other, on a screen, in print and to colour-blind eyes: those of
#: Okabe and Ito but for black and for a blue that is too dark on grey, made brighter.
PALETTE = (
    (0, 150, 255),  # orange
    (255, 190, 70),  # sky blue
    (60, 235, 245),  # yellow
    (130, 215, 0),  # green
    (215, 130, 235),  # purple
    (60, 85, 250),  # vermilion
    (235, 225, 130),  # cyan
)

#: Indices of colours have seven bits, and 0 is the background.
MOST_COLOURS = 127

#: Cells of which one lies within so many pixels of the other look like one in one colour, and get two.
_NEAR = 5

#: Rows that are looked at at a time.
_BAND_ROWS = 256

#: A label image in the smallest type that holds its numbers and in which OpenCV compares neighbours: uint8,
#: uint16, or float32 for more than 65,535 cells.
Comparable = npt.NDArray[Any]


def comparable_type(most: int) -> np.dtype[Any]:
    """That type, for numbers up to `most`; up to 2**24 they are exact."""
    whole = (kind for kind in (np.uint8, np.uint16) if most <= np.iinfo(kind).max)
    return np.dtype(next(whole, np.float32))


def colour_of(index: int) -> tuple[int, int, int]:
    """BGR of a colour, from 1; beyond the palette, which is rarely needed, hues a golden ratio apart."""
    if index <= len(PALETTE):
        return PALETTE[index - 1]
    red, green, blue = colorsys.hsv_to_rgb(index * 0.618034 % 1, 0.75, 0.95)
    return round(255 * blue), round(255 * green), round(255 * red)


def choose_colours(labels: Comparable, most: int) -> npt.NDArray[np.uint8]:
    """The colour of each cell.

    Args:
        labels: `(H, W)`, of `comparable_type`.
        most: the greatest number in them.

    Returns:
        `(most + 1,)`, by number: 0 for the background, else 1 and more, for `colour_of`. The colours of the
        palette take turns; where a neighbour of a lower number has the colour already, the next one is taken.
    """
    lower: dict[int, set[int]] = {}
    for top in range(0, len(labels), _BAND_ROWS):
        for low, high in _neighbours(labels[max(0, top - _NEAR) : top + _BAND_ROWS + _NEAR]):
            lower.setdefault(high, set()).add(low)
    count = len(PALETTE)
    chosen = np.arange(-1, most, dtype=np.int64) % count + 1
    chosen[0] = 0
    for number in sorted(lower):
        taken = {int(chosen[each]) for each in lower[number]}
        turns = [(number - 1 + step) % count + 1 for step in range(count)]
        free = (index for index in (*turns, *range(count + 1, MOST_COLOURS)) if index not in taken)
        chosen[number] = next(free, MOST_COLOURS)
    return chosen.astype(np.uint8)


def _neighbours(labels: Comparable) -> list[tuple[int, int]]:
    """Pairs of numbers, the lower one first: all that touch, and most that nearly do."""
    near = cv2.dilate(labels, np.ones((2 * _NEAR + 1, 2 * _NEAR + 1), np.uint8))
    y, x = np.divmod(np.flatnonzero((labels != 0) & (near != labels)), labels.shape[1])
    if not len(y):
        return []
    pairs = [np.stack([labels[y, x], near[y, x]], axis=1)]
    touching = cv2.dilate(labels, np.ones((3, 3), np.uint8))[y, x] != labels[y, x]
    y, x = y[touching], x[touching]
    own, padded = labels[y, x], np.pad(labels, 1)
    for down in range(3):
        for right in range(3):
            other = padded[y + down, x + right]
            pairs.append(np.stack([own, other], axis=1)[other > own])
    return [(int(low), int(high)) for low, high in np.unique(np.concatenate(pairs), axis=0)]
