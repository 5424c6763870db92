"""The cells that a mask shows: its connected pieces."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt


def connected_pieces(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
    """Number the pieces of a mask: pixels that touch by a side or a corner are one.

    Args:
        mask: `(H, W)` bool.

    Returns:
        `(H, W)` int32, 0 outside, 1, 2, 3, ... on the pieces.
    """
    _, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    pieces: npt.NDArray[np.int32] = np.asarray(labels, np.int32)
    return pieces
