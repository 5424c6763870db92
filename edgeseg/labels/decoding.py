"""From a network's maps to cells, whatever the network gives."""

from __future__ import annotations

from collections.abc import Iterable

from edgeseg.labels.grouping import Grouping
from edgeseg.labels.label_rows import LabelRows, Labels
from edgeseg.labels.pieces import connected_pieces, number_pieces
from edgeseg.model.encoding import Maps, MaskDecoder
from edgeseg.model.interface import Interface


class CellDecoder:
    """The maps of one network to its cells.

    A network that gives centres and offsets tells cells apart that touch (`grouping`). Of any other, the
    connected pieces of the mask are taken for cells.

    Attributes:
        tells_apart: whether cells that touch are told apart.
    """

    def __init__(self, interface: Interface) -> None:
        """Prepare for the maps of an interface.

        Args:
            interface: of the network.
        """
        self.tells_apart = interface.tells_apart
        self._mask = MaskDecoder(interface)
        self._group = Grouping(interface) if self.tells_apart else None

    def __call__(self, maps: Maps) -> Labels:
        """The cells of a picture, `(H, W)`: 0 on the background, else a number for each cell from 1 on.

        Args:
            maps: `(H, W)` each, in order.
        """
        return connected_pieces(self._mask.mask(maps)) if self._group is None else self._group(maps)

    def label(self, strips: Iterable[Maps], shape: tuple[int, int], *, min_area: int = 0) -> LabelRows:
        """The cells of a picture of any size, whose maps come in strips of rows.

        Args:
            strips: maps of `(rows, W)` each, from top to bottom.
            shape: `(H, W)` of the picture.
            min_area: cells of fewer pixels are none.
        """
        if self._group is None:
            masks = (self._mask.mask(strip) for strip in strips)
            return number_pieces(masks, shape, min_area=min_area)
        return self._group.label(strips, shape, min_area=min_area)
