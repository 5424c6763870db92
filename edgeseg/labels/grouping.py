"""From centre and offset maps to cells: each foreground pixel belongs to the centre that it points to.

The tops of the centre map, smoothed, are the centres. A pixel points to where its offset leads, and belongs
to the centre nearest to there. A connected piece of foreground without a centre is one cell, unless it is a
speck.

The result is the same on every machine and depends on no order: all is done in whole numbers, or in
floating-point numbers that hold whole numbers exactly. Of equally high neighbours the lower right one is the
top; of equally near centres the lower right one takes the pixel. Centres are found, and the nearest of them
looked up, on a grid of cells of a few pixels: that costs little and evens out the plateaus of integer maps.

What becomes of a pixel depends on its surroundings alone, but for the pieces. So a large picture is gone
through in bands of rows that see some rows more on either side, and the pieces of neighbouring bands are
joined.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from edgeseg.errors import ArtifactError
from edgeseg.labels.label_rows import LabelRows, Labels
from edgeseg.labels.numbering import Numbering, find_owners
from edgeseg.labels.pieces import connected_pieces, find_touching
from edgeseg.labels.runs import Runs, find_runs
from edgeseg.model.encoding import Maps, Mask, MaskDecoder, to_real
from edgeseg.model.interface import Interface, MapTensor, Meaning

#: The side of a cell of the grid is the largest power of two of at most so many standard deviations of a
#: bump.
_GRID = 0.8
_COARSEST = 16  # whole numbers up to there fit into float32 after smoothing

#: Two centres are farther apart than so many standard deviations of a bump, along one axis at least.
_APART = 1.4

#: Weights of the smoothing along each axis.
_SMOOTHING = np.array([1, 4, 6, 4, 1], np.float32)
_SMOOTHED = int(_SMOOTHING.sum()) ** 2

#: To its height, a cell of the grid has its place in the picture added, in so many bits: no two are equally
#: high.
_PLACE_BITS = 29

#: Pixels are looked up in blocks that stay in the processor's cache, of so many columns at most: OpenCV takes
#: no more than 32,766.
_BLOCK, _COLUMNS = 2**15, 4096

#: A picture of more pixels is gone through in bands of about half as many.
_WHOLE = 2**22

#: Rows of a band, at most; OpenCV again.
_TALLEST = 8192

_CROSS, _SQUARE = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8), np.ones((3, 3), np.uint8)

_NO_MAP = np.empty(0, np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Band:
    """The maps of some rows of a picture, and of those around them.

    Attributes:
        maps: `(above + rows + below, W)` each.
        top: the first of the rows themselves; a multiple of the grid's cells.
        above: rows before it.
        below: rows behind the last one.
    """

    maps: Maps
    top: int
    above: int
    below: int

    @property
    def own(self) -> slice:
        """The rows themselves, within the maps."""
        return slice(self.above, len(self.maps[0]) - self.below)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Aims:
    """What the pixels of some rows point to.

    Attributes:
        number: `(rows, W)` of an integer or float type: 0 on the background, 1 where no centre is within
            reach, else 2 for the first of `centres`, and so on.
        centres: `(K,)` int64: their places on the grid of the whole picture, counted row by row, ascending.
    """

    number: npt.NDArray[Any]
    centres: npt.NDArray[np.int64]


class Grouping:
    """Groups the pixels of one network's maps into cells."""

    def __init__(self, interface: Interface) -> None:
        """Prepare for the maps of an interface.

        Args:
            interface: of the network.

        Raises:
            ArtifactError: it has no centre and offset maps.
        """
        centres = interface.decoder.centres
        if centres is None:
            raise ArtifactError(
                "expected a network that gives centres and offsets, which tell touching cells apart, but it "
                f"gives {', '.join(each.name for each in interface.maps)}; train one with --task cells"
            )
        self._mask = MaskDecoder(interface)
        (self._centre_map,) = interface.of(Meaning.CENTRE)
        self._offset_maps = *interface.of(Meaning.OFFSET_Y), *interface.of(Meaning.OFFSET_X)
        self._shift = min(int(math.log2(max(_GRID * centres.bump, 1))), int(math.log2(_COARSEST)))
        self._side = 1 << self._shift
        self._apart = max(1, round(_APART * centres.bump / self._side))
        self._reach = -(-centres.reach // self._side)
        self._speck = centres.speck
        self._least = centres.peak * 256 * self._side**2 * _SMOOTHED
        self._to_codes = _translator(interface.maps[self._centre_map], np.arange(256, dtype=np.uint8))
        # 128 stands for no offset, 256 for the whole reach; halves are rounded down.
        pixels = ((np.arange(256) - 128) * centres.reach + 64) >> 7
        self._to_pixels = [
            _translator(interface.maps[each], pixels.astype(np.int16)) for each in self._offset_maps
        ]
        self._halo = self._side * (2 * self._reach + self._apart + len(_SMOOTHING) // 2 + 1)

    def __call__(self, maps: Maps) -> npt.NDArray[np.int32]:
        """The cells of a picture.

        Args:
            maps: `(H, W)` each, in order.

        Returns:
            `(H, W)`: 0 on the background, else the number of a cell, from top to bottom.
        """
        shape = maps[0].shape
        labels = self.label([maps], (shape[0], shape[1]))
        return labels[:]

    def label(self, strips: Iterable[Maps], shape: tuple[int, int], *, min_area: int = 0) -> LabelRows:
        """The cells of a picture whose maps come in strips of rows, in memory for a few of them.

        Args:
            strips: maps of `(rows, W)` each, from top to bottom.
            shape: `(H, W)` of the picture.
            min_area: cells of fewer pixels are none.
        """
        numbering, pieces = Numbering(shape, min_area=min_area), _Pieces(self._side, self._speck)
        height = _TALLEST
        if shape[0] * shape[1] > _WHOLE:
            height = min(height, max(_WHOLE // 2 // shape[1], self._halo))
        for band in _bands(strips, shape[0], height // self._side * self._side, self._halo):
            mask = self._mask.mask(band.maps)
            numbering.add_runs(pieces.add(mask[band.own], self._follow(band, mask), band.top))
        numbering.join(pieces.joined())
        return numbering.finish()

    def _follow(self, band: _Band, mask: Mask) -> _Aims:
        tops = self._find_centres(band, mask)
        places = np.flatnonzero(tops)
        first = (band.top - band.above) // self._side  # row of the picture's grid
        seen = self._fill(places, tops.shape)
        own = mask[band.own]
        number = np.empty(own.shape, seen.dtype)
        offsets = tuple(band.maps[each][band.own] for each in self._offset_maps)
        across = min(own.shape[1], _COLUMNS)
        step = max(1, _BLOCK // across)
        for left in range(0, own.shape[1], across):
            for top in range(0, len(own), step):
                block = np.s_[top : top + step, left : left + across]
                part = self._look_up(seen, band.above + top, left, tuple(each[block] for each in offsets))
                np.multiply(part, own[block], out=number[block])
        return _Aims(number=number, centres=places.astype(np.int64) + first * tops.shape[1])

    def _find_centres(self, band: _Band, mask: Mask) -> Mask:
        """The cells of the grid, of the band and its surroundings, that are centres."""
        codes = self._to_codes(band.maps[self._centre_map])
        heights = self._sum_cells(codes * mask)
        smooth = cv2.sepFilter2D(heights, cv2.CV_32F, _SMOOTHING, _SMOOTHING, borderType=cv2.BORDER_REPLICATE)
        first = (band.top - band.above) // self._side * smooth.shape[1]
        place = np.arange(first, first + smooth.size, dtype=np.float64).reshape(smooth.shape)
        rank = smooth.astype(np.float64) * 2**_PLACE_BITS + place
        highest = cv2.dilate(rank, np.ones((2 * self._apart + 1,) * 2, np.uint8))
        tops: Mask = (rank == highest) & (smooth >= self._least)
        return tops

    def _sum_cells(self, codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """The sum over each cell of the grid; beyond the picture there is nothing."""
        side = self._side
        below, right = -codes.shape[0] % side, -codes.shape[1] % side
        if below or right:
            codes = np.pad(codes, ((0, below), (0, right)))
        down = codes.reshape(-1, side, codes.shape[1]).sum(axis=1, dtype=np.uint32 if side > 8 else np.uint16)
        across = sum((down[:, start::side] for start in range(1, side)), start=down[:, ::side])
        return np.asarray(across, np.float32)

    def _fill(self, places: npt.NDArray[np.intp], grid: tuple[int, ...]) -> npt.NDArray[Any]:
        """For each cell of the grid the nearest centre within reach, counted from 1; else 0."""
        seen = np.zeros(grid, np.uint16 if len(places) < 2**16 - 2 else np.float32)
        seen.ravel()[places] = np.arange(1, len(places) + 1)
        for step in range(self._reach if len(places) else 0):
            # Squares and crosses in turn grow octagons, which are near enough to circles.
            grown = cv2.dilate(seen, _SQUARE if step % 2 else _CROSS)
            free = seen == 0
            if not free.any():
                break
            cv2.copyTo(grown, free.view(np.uint8), seen)
        return seen

    def _look_up(self, seen: npt.NDArray[Any], top: int, left: int, offsets: Maps) -> npt.NDArray[Any]:
        """What the pixels of a block point to, counted from 1.

        Args:
            seen: from `_fill`, for the band and its surroundings.
            top: of the block, in these.
            left: of the block.
            offsets: in y and x, `(rows, columns)` each.
        """
        # The part of the grid that pixels of these columns can point to: OpenCV takes no wide ones.
        start = max(0, (left >> self._shift) - self._reach)
        rows, columns = offsets[0].shape
        stop = min(seen.shape[1], ((left + columns - 1) >> self._shift) + self._reach + 1)
        down, right = (find(each) for find, each in zip(self._to_pixels, offsets, strict=True))
        down += np.arange(top, top + rows, dtype=np.int16)[:, None]
        right += np.arange(
            left - (start << self._shift), columns + left - (start << self._shift), dtype=np.int16
        )
        down >>= self._shift
        right >>= self._shift
        found = cv2.remap(
            seen[:, start:stop], cv2.merge([right, down]), _NO_MAP, cv2.INTER_NEAREST,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        found += 1
        return found


class _Pieces:
    """The pieces of foreground of a picture, and what their pixels point to.

    Which pieces have a centre is known at the end of the picture. Until then pixels have a provisional number
    for each pair of a band's piece and a centre that they point to.
    """

    def __init__(self, side: int, speck: int) -> None:
        self._side, self._speck = side, speck
        self._count = 0  # pieces so far, each band's own
        self._centred: list[npt.NDArray[np.int64]] = []
        self._touching: list[npt.NDArray[np.int64]] = []
        self._last = np.zeros(0, np.int64)
        # Of each number, and of 0 none: its piece, its centre, how many pixels it has.
        self._piece, self._centre, self._pixels = ([np.zeros(1, np.int64)] for _ in range(3))
        self._numbers = 1

    def add(self, mask: Mask, aims: _Aims, top: int) -> Runs:
        """The runs of a band in provisional numbers.

        Args:
            mask: `(rows, W)` bool.
            aims: of the same rows.
            top: the first of them.
        """
        pieces = connected_pieces(mask)
        self._join(pieces)
        self._find_centred(pieces, aims.centres, top)
        runs = find_runs(aims.number)
        inside = np.flatnonzero(runs.numbers)
        piece = pieces.ravel()[runs.starts[inside]].astype(np.int64) + self._count
        centre = runs.numbers[inside].astype(np.int64) - 1
        known = len(aims.centres) + 1
        pairs, which = np.unique(piece * known + centre, return_inverse=True)
        numbers = np.zeros(len(runs.numbers), np.int32)
        numbers[inside] = which + self._numbers
        self._pixels.append(np.bincount(which, runs.lengths[inside]).astype(np.int64))
        self._piece.append(pairs // known)
        # Places on the grid count from 0, so 0 stands for no centre.
        self._centre.append(np.concatenate([[0], aims.centres + 1])[pairs % known])
        self._numbers += len(pairs)
        self._count += int(pieces.max(initial=0))
        return Runs(width=runs.width, lengths=runs.lengths, numbers=numbers)

    def joined(self) -> npt.NDArray[np.int64]:
        """Which provisional numbers belong to one cell, `(P, 2)`; those of specks to 0, the background."""
        owner = find_owners(self._count, np.concatenate([np.zeros((0, 2), np.int64), *self._touching]))
        centred = np.zeros(self._count + 1, np.bool_)
        centred[owner[np.concatenate([np.zeros(0, np.int64), *self._centred])]] = True
        piece, centre = owner[np.concatenate(self._piece)], np.concatenate(self._centre)
        # Of a piece without a centre it does not matter where its pixels point.
        cell = np.where(centred[piece] & (centre > 0), -centre, piece)
        alone = cell > 0
        pixels = np.bincount(piece[alone], np.concatenate(self._pixels)[alone], self._count + 1)
        cell[alone & (pixels[piece] < self._speck)] = 0
        order = np.argsort(cell, kind="stable")
        same = np.flatnonzero(cell[order[1:]] == cell[order[:-1]])
        return np.stack([order[same], order[same + 1]], axis=1).astype(np.int64)

    def _join(self, pieces: Labels) -> None:
        first = np.where(pieces[0] > 0, pieces[0].astype(np.int64) + self._count, 0)
        if len(self._last):
            self._touching.append(find_touching(self._last, first))
        self._last = np.where(pieces[-1] > 0, pieces[-1].astype(np.int64) + self._count, 0)

    def _find_centred(self, pieces: Labels, centres: npt.NDArray[np.int64], top: int) -> None:
        """Note the pieces that have a pixel in a centre's cell of the grid."""
        rows, columns = (-(-length // self._side) for length in pieces.shape)
        row, column = np.divmod(centres - top // self._side * columns, columns)
        own = (row >= 0) & (row < rows)
        within = np.arange(self._side)
        y = np.minimum(row[own, None] * self._side + within, pieces.shape[0] - 1)
        x = np.minimum(column[own, None] * self._side + within, pieces.shape[1] - 1)
        found = np.unique(pieces[y[:, :, None], x[:, None, :]]).astype(np.int64)
        self._centred.append(found[found > 0] + self._count)


def _bands(strips: Iterable[Maps], total: int, height: int, halo: int) -> Iterator[_Band]:
    """Bands of some height with what lies around them, from strips of any heights."""
    held: list[Maps] = []
    start = stop = top = 0  # rows that are held; first row of the next band
    for strip in strips:
        held.append(strip)
        stop += len(strip[0])
        while top < total and (stop == total or stop >= top + height + halo):
            end = min(top + height, total)
            if len(held) > 1:
                held = [tuple(np.concatenate(parts) for parts in zip(*held, strict=True))]
            first, last = max(top - halo, 0), min(end + halo, total)
            maps = tuple(each[first - start : last - start] for each in held[0])
            yield _Band(maps=maps, top=top, above=top - first, below=last - end)
            top = end
            keep = max(top - halo, 0)
            held = [tuple(each[keep - start :] for each in held[0])]
            start = keep


def _translator(tensor: MapTensor, table: npt.NDArray[Any]) -> Callable[[npt.NDArray[Any]], Any]:
    """From the values of a map, as 256ths, to what a table of 256 has for them."""
    if tensor.quantization is None:
        return lambda values: cv2.LUT(_as_codes(values), table)
    stored = np.arange(256, dtype=np.uint8).view(tensor.dtype)
    of_stored = table[_as_codes(to_real(stored, tensor.quantization))]
    return lambda values: cv2.LUT(values.view(np.uint8), of_stored)


def _as_codes(values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """From 0 to 1 in 256ths, rounded: 0 to 255."""
    return np.clip(np.rint(values * np.float32(256)), 0, 255).astype(np.uint8)
