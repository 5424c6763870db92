"""The cells that a mask shows: its connected pieces."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
import numpy.typing as npt

from edgeseg.labels.label_rows import LabelRows, Labels
from edgeseg.labels.numbering import Numbering

Mask = npt.NDArray[np.bool_]


def connected_pieces(mask: Mask) -> Labels:
    """Number the pieces of a mask: pixels that touch by a side or a corner are one.

    Args:
        mask: `(H, W)` bool.

    Returns:
        `(H, W)` int32, 0 outside, 1, 2, 3, ... on the pieces.
    """
    _, labels = cv2.connectedComponents(mask.view(np.uint8), connectivity=8)
    pieces: Labels = np.asarray(labels, np.int32)
    return pieces


def number_pieces(bands: Iterable[Mask], shape: tuple[int, int], *, min_area: int = 0) -> LabelRows:
    """The labels of a picture whose cells are the connected pieces of its mask.

    Args:
        bands: of the mask, `(rows, W)` bool, from top to bottom.
        shape: `(height, width)` of the picture.
        min_area: pieces of fewer pixels are no cells.

    Returns:
        `(H, W)`, numbered as `Numbering` does, whatever the bands.
    """
    numbering = Numbering(shape, min_area=min_area)
    most = 0
    above = np.zeros(shape[1], np.int32)
    for mask in bands:
        band = connected_pieces(mask)
        if most:
            np.add(band, most, out=band, where=mask)
            numbering.join(find_touching(above, band[0]))
        numbering.add(band)
        most, above = max(most, int(band.max())), band[-1]
    return numbering.finish()


def find_touching(above: npt.NDArray[np.integer], below: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    """Which numbers of one row touch which of the next, by a side or a corner: `(P, 2)`."""
    padded = np.pad(above, 1)
    sides = [
        np.stack([padded[shift : shift + len(below)], below], axis=1)[
            (padded[shift : shift + len(below)] > 0) & (below > 0)
        ]
        for shift in range(3)
    ]
    return np.unique(np.concatenate(sides), axis=0).astype(np.int64)
