"""From centre and offset maps to cells: each foreground pixel belongs to the centre that it points to.

The tops of the centre map, smoothed, are the centres. A pixel points to where its offset leads, and belongs to
the centre nearest to there. A piece of foreground without a centre is one cell.

It is done so that the result is the same on every machine, and does not depend on any order: in whole numbers,
or in floating-point numbers that hold whole numbers exactly. Of equally high neighbours the lower right one is
the top; of equally near centres the lower right one takes the pixel. Centres are found, and the nearest looked
up, on a grid of cells of a few pixels, which costs little and evens out the plateaus of integer maps. Pixels
know their own surroundings alone, so a picture may be gone through in bands of rows that see `halo` rows more on
either side: a cell on both sides of a seam comes out as one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from edgeseg.errors import ArtifactError
from edgeseg.labels.label_rows import Labels
from edgeseg.labels.numbering import Numbering
from edgeseg.model.encoding import Maps, MaskDecoder, to_real
from edgeseg.model.interface import INT8_MAP, Interface, MapTensor, Meaning

#: The side of the grid's cells is the largest power of two of at most this many standard deviations of a bump.
_GRID = 0.8

#: No two centres are nearer to each other than this many standard deviations of a bump, along one axis.
_APART = 1.0

#: Weights of the smoothing along each axis, in cells of the grid; 16 in all.
_SMOOTHING = np.array([1, 4, 6, 4, 1], np.float32)

_SQUARE, _CROSS = np.ones((3, 3), np.uint8), np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)

Codes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Grouped:
    """Some rows of a picture.

    Attributes:
        mask: `(rows, W)` uint8, 1 on the foreground.
        nearest: `(rows, W)`: for each pixel the centre nearest to where it points, as its place in `centres`
            counted from 1; 0 where none is within reach. Also off the foreground.
        centres: `(K,)` int64: where on the grid of the whole picture they are, row by row, ascending.
        own: `(K,)` bool: whether each lies in these rows, and not in those beyond.
        places: `(K, 2)` int64: row and column of the upper left pixel of each one's cell of the grid, counted
            from the first of these rows.
    """

    mask: npt.NDArray[np.uint8]
    nearest: npt.NDArray[Any]
    centres: npt.NDArray[np.int64]
    own: npt.NDArray[np.bool_]
    places: npt.NDArray[np.int64]


class Grouping:
    """Groups the pixels of one network's maps.

    Attributes:
        halo: rows that a band must see beyond its own, a multiple of `step`.
        step: pixels; bands begin at a multiple of it.
    """
