"""From the maps of any network to its cells."""

import numpy as np
import pytest

from edgeseg.labels.decoding import CellDecoder
from edgeseg.labels.pieces import connected_pieces
from edgeseg.model.interface import Decoder, DecoderKind, Meaning, float_interface
from support.interfaces import cells_interface, maps_of

#: Two cells that touch: the left one points to the left.
CENTRE = np.array([[0, 0.9, 0, 0, 0, 0.9, 0]], np.float32)
FOREGROUND = np.array([[1, 1, 1, 0.6, 1, 1, 1]], np.float32)
ACROSS = np.array([[0.75, 0.5, 0.25, 0, 0.75, 0.5, 0.25]], np.float32)
TOUCHING = (FOREGROUND, CENTRE, np.full((1, 7), 0.5, np.float32), ACROSS)
GROUPED = cells_interface(1, 7, bump=0.6, reach=2)
CLASSES = float_interface(1, 7, maps=maps_of(*[Meaning.CLASS] * 2), decoder=Decoder(kind=DecoderKind.ARGMAX))


def test_touching_cells_are_told_apart_where_the_network_gives_centres():
    decode = CellDecoder(GROUPED)
    assert decode.tells_apart
    assert decode(TOUCHING).tolist() == [[1, 1, 1, 1, 2, 2, 2]]


@pytest.mark.parametrize(
    ("interface", "maps"), [(float_interface(1, 7), (FOREGROUND,)), (CLASSES, (1 - FOREGROUND, FOREGROUND))]
)
def test_else_they_are_one_piece_of_mask(interface, maps):
    decode = CellDecoder(interface)
    assert not decode.tells_apart
    assert decode(maps).tolist() == [[1] * 7]


@pytest.mark.parametrize("interface", [GROUPED, float_interface(1, 7)])
def test_strips_give_the_cells_of_the_whole_without_the_small_ones(interface):
    count = len(interface.maps)
    wide = [np.concatenate([each, np.zeros((3, 7), np.float32), each[:, :7]]) for each in TOUCHING[:count]]
    wide[0][4, 2:] = 0
    whole = tuple(wide)
    decode = CellDecoder(interface)
    strips = [tuple(each[top : top + 2] for each in whole) for top in (0, 2, 4)]
    assert np.array_equal(decode.label(strips, (5, 7))[:], decode(whole))
    kept = decode.label(strips, (5, 7), min_area=3)[:]
    assert np.array_equal(kept[:4], decode(whole)[:4])
    assert not kept[4].any()


def test_of_one_network_the_pieces_are_those_of_the_mask():
    foreground = np.random.default_rng(0).random((40, 30), np.float32)
    decode = CellDecoder(float_interface(40, 30))
    assert np.array_equal(decode((foreground,)), connected_pieces(foreground > 0.5))
