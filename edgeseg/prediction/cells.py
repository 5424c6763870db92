"""From a mask to a table of cells: connected components and what can be measured on each.

Pixels that touch by a side or a corner belong to one cell. Masks are gone through in bands of rows and
the pieces of neighbouring bands joined where they touch, so that labels need memory for one band only;
the result does not depend on the bands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edgeseg.data.images import Grey8
from edgeseg.prediction.bitmask import MaskRows

#: A band has about this many pixels; measuring needs some twenty bytes for each.
BAND_PIXELS = 2**20

Pairs = set[tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One connected component of a mask.

    Coordinates are in pixels, x to the right and y downwards; the centre of the image's upper left
    pixel is (0, 0).

    Attributes:
        area: pixels.
        centroid_x: mean x of its pixels.
        centroid_y: mean y of its pixels.
        left: the first column of its bounding box.
        top: the first row.
        width: columns of the bounding box.
        height: rows of the bounding box.
        mean_intensity: of the grey image within the cell, 0 to 255.
    """

    area: int
    centroid_x: float
    centroid_y: float
    left: int
    top: int
    width: int
    height: int
    mean_intensity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Band:
    """The components within a band of rows, the pieces of cells.

    Attributes:
        top: the band's first row.
        first: how many pieces the bands above have.
        labels: `(rows, W)` int32, 0 outside, else 1 for this band's first piece.
        stats: `(pieces, 5)` int32: left, top, width, height, area, within the band.
        centroids: `(pieces, 2)` float64: x, y, within the band.
    """

    top: int
    first: int
    labels: npt.NDArray[np.int32]
    stats: npt.NDArray[np.int32]
    centroids: npt.NDArray[np.float64]


def find_cells(
    mask: MaskRows, grey: Grey8, *, min_area: int = 0, band_pixels: int = BAND_PIXELS
) -> list[Cell]:
    """Measure every connected component of a mask; take those out that are too small to be a cell.

    Args:
        mask: `(H, W)`, 0 or 255. Components of fewer than `min_area` pixels are set to 0 in place.
        grey: `(H, W)` uint8, the image.
        min_area: the least area of a cell, pixels.
        band_pixels: how many pixels are labelled at a time.

    Returns:
        The cells from top to bottom, those that begin in one row from left to right.
    """
    sums, boxes, pairs = [], [], Pairs()
    for band in _joined_bands(mask, band_pixels, pairs):
        rows = slice(band.top, band.top + len(band.labels))
        sums.append(_sums(band, mask[rows], grey[rows]))
        boxes.append(_boxes(band))
    owner, count = _owners(sum(map(len, sums)), pairs)
    total = np.zeros((count, 4))
    np.add.at(total, owner, np.concatenate(sums))
    keep = total[:, 0] >= min_area
    if not keep.all():
        # The labels of a mask that fits one band are still there; others are cheaper made again than kept.
        _erase(mask, ~keep[owner], _bands(mask, band_pixels) if band.top else [band])
    return _cells(total, *_outer(np.concatenate(boxes), owner, count), keep)


def _outer(
    boxes: npt.NDArray[np.int64], owner: npt.NDArray[np.int64], count: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The upper left and lower right corners of each cell, from those of its pieces."""
    low, high = np.full((count, 2), np.iinfo(np.int64).max), np.zeros((count, 2), np.int64)
    np.minimum.at(low, owner, boxes[:, :2])
    np.maximum.at(high, owner, boxes[:, 2:])
    return low, high


def _cells(
    total: npt.NDArray[np.float64],
    low: npt.NDArray[np.int64],
    high: npt.NDArray[np.int64],
    keep: npt.NDArray[np.bool_],
) -> list[Cell]:
    means = total[:, 1:] / total[:, :1]
    order = np.lexsort((means[:, 0], means[:, 1], low[:, 0], low[:, 1]))
    columns = [column[order[keep[order]]].tolist() for column in (total[:, 0], means, low, high - low)]
    return [
        Cell(
            area=int(area), centroid_x=mean[0], centroid_y=mean[1], mean_intensity=mean[2],
            left=corner[0], top=corner[1], width=size[0], height=size[1],
        )
        for area, mean, corner, size in zip(*columns, strict=True)
    ]  # fmt: skip


def _erase(mask: MaskRows, pieces: npt.NDArray[np.bool_], bands: Iterable[_Band]) -> None:
    """Set pieces to 0, given by a flag each."""
    value = np.where(pieces, 0, 255).astype(np.uint8)
    for band in bands:
        table = np.concatenate([np.zeros(1, np.uint8), value[band.first : band.first + len(band.stats)]])
        mask[band.top : band.top + len(band.labels)] = table[band.labels]


def _bands(mask: MaskRows, band_pixels: int) -> Iterator[_Band]:
    rows = max(1, band_pixels // mask.shape[1])
    first = 0
    for top in range(0, mask.shape[0], rows):
        _, labels, stats, centroids = cv2.connectedComponentsWithStats(mask[top : top + rows], connectivity=8)
        band = _Band(
            top=top, first=first, labels=np.asarray(labels, np.int32), stats=np.asarray(stats[1:], np.int32),
            centroids=np.asarray(centroids[1:], np.float64),
        )  # fmt: skip
        yield band
        first += len(band.stats)


def _joined_bands(mask: MaskRows, band_pixels: int, pairs: Pairs) -> Iterator[_Band]:
    """The bands; `pairs` collects the pieces, numbered through all bands, that touch across a seam."""
    above: npt.NDArray[np.int64] | None = None
    for band in _bands(mask, band_pixels):
        numbers = band.labels[[0, -1]].astype(np.int64)
        numbers[numbers > 0] += band.first
        if above is not None:
            pairs.update(_touching(above, numbers[0]))
        above = numbers[1]
        yield band


def _touching(above: npt.NDArray[np.int64], below: npt.NDArray[np.int64]) -> Pairs:
    """Which pieces of one row touch which of the next; both count from 1, and so that 0 is none."""
    padded = np.pad(above, 1)
    pairs = Pairs()
    for shift in range(3):
        neighbour = padded[shift : shift + len(below)]
        both = (neighbour > 0) & (below > 0)
        pairs.update(zip((neighbour[both] - 1).tolist(), (below[both] - 1).tolist(), strict=True))
    return pairs


def _owners(pieces: int, pairs: Iterable[tuple[int, int]]) -> tuple[npt.NDArray[np.int64], int]:
    """To which cell each piece belongs, and how many cells there are (union-find)."""
    parent = list(range(pieces))

    def root(piece: int) -> int:
        while parent[piece] != piece:
            parent[piece] = parent[parent[piece]]
            piece = parent[piece]
        return piece

    for one, other in pairs:
        parent[root(one)] = root(other)
    roots = np.array([root(piece) for piece in range(pieces)], np.int64)
    unique, owner = np.unique(roots, return_inverse=True)
    return owner.astype(np.int64), len(unique)


def _sums(band: _Band, mask: Grey8, grey: Grey8) -> npt.NDArray[np.float64]:
    """Per piece: area, and the sums of x, y and grey value; whole numbers, hence exact."""
    area = band.stats[:, 4].astype(np.float64)
    middle = band.centroids + np.array([0, band.top])
    inside = np.flatnonzero(mask != 0)  # finding true is twice as fast as finding 255
    labels, values = band.labels.ravel()[inside], grey.ravel()[inside]
    bright = np.bincount(labels, weights=values, minlength=len(area) + 1)[1:]
    return np.column_stack([area, np.rint(middle * area[:, None]), bright])


def _boxes(band: _Band) -> npt.NDArray[np.int64]:
    """Per piece: left, top, right, bottom in the image, the last two exclusive."""
    left, top, width, height = band.stats[:, :4].astype(np.int64).T
    top = top + band.top
    return np.column_stack([left, top, left + width, top + height])
