"""Maps of centres and offsets are grouped into cells, however the picture is cut."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeseg.errors import ArtifactError
from edgeseg.host.training.tasks.cells import CELLS
from edgeseg.labels import grouping, numbering
from edgeseg.labels.grouping import Grouping
from edgeseg.labels.label_rows import PackedLabels
from edgeseg.labels.pieces import connected_pieces
from edgeseg.metrics.matching import match_cells
from edgeseg.model.interface import INT8_MAP, float_interface
from support.interfaces import cells_interface


def int8(interface):
    maps = [replace(each, dtype="int8", quantization=INT8_MAP) for each in interface.maps]
    return replace(interface, maps=tuple(maps))


def quantized(maps):
    return tuple(np.clip(np.rint(each * 256) - 128, -128, 127).astype(np.int8) for each in maps)


def taught(labels, interface):
    """The maps that a perfect network gives."""
    return tuple(np.moveaxis(CELLS.target(labels, interface), -1, 0))


def discs(rng, shape, radius, count):
    """Discs that touch or cover one another, each with its centre left to itself."""
    labels, centres = np.zeros(shape, np.int32), []
    for number in range(1, count + 1):
        y, x = (int(rng.integers(side)) for side in shape)
        if all((y - row) ** 2 + (x - column) ** 2 > (1.7 * radius) ** 2 for row, column in centres):
            disc = cv2.circle(np.zeros(shape, np.uint8), (x, y), radius, 1, -1)
            labels[(disc > 0) & (labels == 0)] = number
            centres.append((y, x))
    return labels


def noise(rng, shape, smooth, cover):
    """Four int8 maps with a structure of some pixels."""

    def draw():
        # Smoothing takes this factor from the deviation of white noise.
        return cv2.GaussianBlur(rng.normal(size=shape), (0, 0), smooth) * 2 * np.sqrt(np.pi) * smooth

    heights = [draw() + cover, draw() + 0.5, draw(), draw()]
    return tuple(np.clip(np.rint(60 * each), -128, 127).astype(np.int8) for each in heights)


def cut(maps, heights):
    """Strips of these heights, again and again."""
    top, turn = 0, 0
    while top < len(maps[0]):
        height = heights[turn % len(heights)]
        yield tuple(each[top : top + height] for each in maps)
        top, turn = top + height, turn + 1


@pytest.mark.parametrize("radius", [4, 7, 12, 30])
@pytest.mark.parametrize("as_int8", [False, True])
def test_what_a_perfect_network_gives_are_the_cells_themselves(radius, as_int8):
    interface = cells_interface(256, 320, bump=0.3 * radius, reach=radius + 2)
    for seed in range(4):
        labels = discs(np.random.default_rng(seed), (256, 320), radius, 200)
        assert connected_pieces(labels != 0).max() < len(np.unique(labels)) - 1  # some touch
        maps = taught(labels, interface)
        group = Grouping(int8(interface) if as_int8 else interface)
        found = group(quantized(maps) if as_int8 else maps)
        assert np.array_equal(found != 0, labels != 0)
        matching = match_cells(labels, found)
        assert matching.found == matching.true == matching.counts.matched
        assert min(each.iou for each in matching.matches) > 0.9


@st.composite
def pictures(draw):
    """How to group a picture, its shape and its maps, which look like no cells at all."""
    shape = draw(st.tuples(st.integers(1, 120), st.integers(1, 60)))
    scale = {
        "bump": draw(st.floats(0.5, 12)),
        "reach": draw(st.integers(1, 12)),
        "speck": draw(st.integers(0, 60)),
    }
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    maps = noise(rng, shape, draw(st.floats(0.5, 6)), draw(st.floats(-0.5, 1.5)))
    return Grouping(int8(cells_interface(*shape, **scale))), shape, maps


@given(
    picture=pictures(),
    heights=st.lists(st.integers(1, 40), min_size=1, max_size=4),
    band=st.integers(1, 400),
    min_area=st.integers(0, 20),
)
def test_bands_give_the_cells_of_the_whole(picture, heights, band, min_area):
    group, shape, maps = picture
    whole = group.label([maps], shape, min_area=min_area)[:]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grouping, "_WHOLE", band)
        assert np.array_equal(group.label(cut(maps, heights), shape, min_area=min_area)[:], whole)


@pytest.mark.parametrize("tallest", [64, 80])
def test_tall_pictures_are_cut_although_they_are_small(tallest, monkeypatch):
    group = Grouping(int8(cells_interface(500, 30, bump=3, reach=6)))
    maps = noise(np.random.default_rng(0), (500, 30), 3, 0.5)
    whole = group(maps)
    monkeypatch.setattr(grouping, "_TALLEST", tallest)
    assert whole.max() > 20
    assert np.array_equal(group(maps), whole)


def test_packed_labels_of_a_large_picture_are_the_same(monkeypatch):
    shape = (300, 200)
    group = Grouping(int8(cells_interface(*shape, bump=3, reach=8)))
    maps = noise(np.random.default_rng(1), shape, 3, 0.5)
    whole = group(maps)
    monkeypatch.setattr(numbering, "LARGE", 1000)
    monkeypatch.setattr(grouping, "_WHOLE", 1000)
    found = group.label(cut(maps, [37]), shape)
    assert isinstance(found, PackedLabels)
    assert np.array_equal(found[:], whole)


def test_the_mask_is_that_of_the_foreground_map():
    interface = int8(cells_interface(120, 90, bump=4, reach=10))
    maps = noise(np.random.default_rng(2), (120, 90), 4, 0.3)
    assert np.array_equal(Grouping(interface)(maps) != 0, maps[0] > 0)


def one_cell(height, width, top):
    """Maps of a picture that is all one cell, with a flat top of the centre map."""
    centre = np.full((height, width), -128, np.int8)
    centre[top] = 60
    foreground, offset = np.full((height, width), 100, np.int8), np.zeros((height, width), np.int8)
    return foreground, centre, offset, offset


@pytest.mark.parametrize("size", range(1, 9))
@pytest.mark.parametrize("bump", [1.5, 3, 6])
def test_a_plateau_of_equal_values_is_one_centre(size, bump):
    """A network in int8 gives many pixels of one height."""
    interface = int8(cells_interface(48, 48, bump=bump, reach=60))
    side = max(1, round(size * bump / 4))
    for start in range(15, 20):
        maps = one_cell(48, 48, np.s_[start : start + side, start + 3 : start + 3 + side])
        assert Grouping(interface)(maps).max() == 1


def test_a_piece_without_a_centre_is_one_cell():
    interface = int8(cells_interface(40, 80, bump=3, reach=12))
    labels = np.zeros((40, 80), np.uint8)
    cv2.circle(labels, (15, 20), 9, 1, -1)
    cv2.circle(labels, (60, 20), 9, 2, -1)
    foreground, centre, down, across = quantized(taught(labels, cells_interface(40, 80, bump=3, reach=12)))
    centre[labels == 2] = -128
    across[labels == 2] = -100  # all point to the left, where nothing is
    found = Grouping(interface)((foreground, centre, down, across))
    assert np.array_equal(found, labels)


@pytest.mark.parametrize(("speck", "cells"), [(0, 3), (40, 3), (41, 2), (200, 1), (900, 1)])
def test_pieces_without_a_centre_are_cells_unless_they_are_specks(speck, cells):
    """Three squares: of 900 pixels with a centre, and of 144 and 40 pixels without one."""
    foreground = np.full((40, 80), -128, np.int8)
    foreground[5:35, 5:35] = foreground[5:17, 50:62] = foreground[30:35, 50:58] = 100
    centre = np.full((40, 80), -128, np.int8)
    centre[18:23, 18:23] = 120
    offset = np.zeros((40, 80), np.int8)
    group = Grouping(int8(cells_interface(40, 80, bump=4, reach=40, speck=speck)))
    assert group((foreground, centre, offset, offset)).max() == cells


def test_pixels_that_point_nowhere_are_one_cell_beside_those_that_have_a_centre():
    """A long cell of which the far end points to no centre within reach."""
    foreground = np.full((9, 120), 100, np.int8)
    centre = np.full((9, 120), -128, np.int8)
    centre[3:6, 3:6] = 120
    offset = np.zeros((9, 120), np.int8)
    found = Grouping(int8(cells_interface(9, 120, bump=2, reach=6)))((foreground, centre, offset, offset))
    assert found.max() == 2
    assert found[4, 4] == 1
    assert found[4, 110] == 2


@given(seed=st.integers(0, 2**32 - 1), bump=st.floats(0.5, 8), reach=st.integers(1, 20))
@settings(max_examples=30)
def test_float_maps_group_as_the_integers_that_they_round_to(seed, bump, reach):
    interface = cells_interface(50, 70, bump=bump, reach=reach)
    stored = noise(np.random.default_rng(seed), (50, 70), 3, 0.5)
    real = tuple((each.astype(np.float32) + 128) / 256 for each in stored)
    assert np.array_equal(Grouping(interface)(real), Grouping(int8(interface))(stored))


@pytest.mark.parametrize("width", [4096, 4097, 9000])
def test_wide_pictures_are_looked_up_in_parts(width):
    """The same pattern again and again: each of its copies gives as many cells."""
    part = discs(np.random.default_rng(3), (40, 100), 6, 40)
    labels = np.tile(np.pad(part, ((0, 0), (4, 4))), (1, -(-width // 108)))[:, :width]
    interface = cells_interface(40, width, bump=2, reach=8)
    labels = connected_pieces_of_each(labels)
    found = Grouping(int8(interface))(quantized(taught(labels, interface)))
    matching = match_cells(labels, found)
    assert matching.found == matching.true == matching.counts.matched > width // 10


def connected_pieces_of_each(labels):
    """Every copy of a cell under a number of its own."""
    found = np.zeros_like(labels)
    for number in np.unique(labels[labels > 0]):
        pieces = connected_pieces(labels == number)
        found[pieces > 0] = pieces[pieces > 0] + found.max()
    return found


def test_an_empty_picture_has_no_cells():
    interface = int8(cells_interface(30, 40))
    empty = tuple(np.full((30, 40), -128, np.int8) for _ in range(4))
    assert not Grouping(interface)(empty).any()


def test_a_network_without_centres_is_refused():
    with pytest.raises(ArtifactError, match=r"but it gives foreground; train one with --task cells"):
        Grouping(float_interface(8, 8))
