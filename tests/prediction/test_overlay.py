"""The picture of an image with its cells."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from edgeseg.labels.label_rows import PackedLabels, pack
from edgeseg.labels.runs import find_runs
from edgeseg.prediction import overlay
from edgeseg.prediction.colouring import MOST_COLOURS, PALETTE, choose_colours, colour_of, comparable_type

LABELS = hnp.arrays(
    np.int32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.integers(0, 20)
)


def draw_overlay(grey, labels, **options):
    return overlay.draw_overlay(grey, labels, int(labels[:].max()), **options)


def colours_of(labels):
    most = max(int(labels.max()), 20)
    return choose_colours(labels.astype(comparable_type(most)), most)


def square():
    grey, labels = np.full((40, 50), 100, np.uint8), np.zeros((40, 50), np.int32)
    labels[10:20, 15:30] = 1
    return grey, labels


def packed(labels, height=7):
    parts = [labels[top : top + height] for top in range(0, len(labels), height)]
    table = np.arange(labels.max() + 1, dtype=np.int32)
    return PackedLabels(labels.shape[1], [pack(find_runs(each)) for each in parts], [*map(len, parts)], table)


def test_the_background_stays_grey():
    grey, labels = square()
    picture = draw_overlay(grey, labels)
    assert picture.shape == (40, 50, 3)
    assert (picture[labels == 0] == 100).all()


def test_the_rim_has_the_colour_and_the_inside_a_tint():
    grey, labels = square()
    picture = draw_overlay(grey, labels)
    assert tuple(picture[10, 15]) == tuple(picture[19, 22]) == PALETTE[0]
    tint = np.array([100 + overlay.TINT * (colour - 100) for colour in PALETTE[0]])
    assert (abs(picture[11:19, 16:29] - tint) <= 1).all()


def test_between_cells_that_touch_there_is_an_outline_of_two_colours():
    labels = np.zeros((12, 20), np.int32)
    labels[2:10, 2:10], labels[2:10, 10:18] = 1, 2
    picture = draw_overlay(np.zeros(labels.shape, np.uint8), labels)
    assert tuple(picture[5, 9]) == PALETTE[0]
    assert tuple(picture[5, 10]) == PALETTE[1]


def test_a_cell_cut_by_the_border_has_no_outline_there():
    grey, labels = np.zeros((9, 9), np.uint8), np.ones((9, 9), np.int32)
    assert not (draw_overlay(grey, labels) == PALETTE[0]).all(axis=2).any()


@given(LABELS)
def test_every_pixel_next_to_another_number_is_outlined_and_no_other_one(labels):
    """In black and white colours alone are drawn on rims: tints of black are darker than they are."""
    picture = draw_overlay(np.zeros(labels.shape, np.uint8), labels)
    padded = np.pad(labels, 1, mode="edge")
    height, width = labels.shape
    rim = np.any(
        [padded[y : y + height, x : x + width] != labels for y in range(3) for x in range(3)], axis=0
    )
    assert np.array_equal(picture.max(axis=2) > 128, rim & (labels != 0))


@given(LABELS)
def test_cells_that_touch_have_different_colours(labels):
    colours = colours_of(labels)
    assert colours[0] == 0
    assert (colours[1:] > 0).all()
    height, width = labels.shape
    for down, right in ((0, 1), (1, 0), (1, 1)):
        for one, other in (
            (labels[down:, right:], labels[: height - down, : width - right]),
            (labels[down:, : width - right], labels[: height - down, right:]),
        ):
            both = (one != other) & (one != 0) & (other != 0)
            assert (colours[one[both]] != colours[other[both]]).all()


def test_cells_that_nearly_touch_have_different_colours_too():
    labels = np.zeros((30, 60), np.int32)
    labels[5:25, 5:25], labels[5:25, 28:48] = 1, 8
    assert len({*colours_of(labels)[[1, 8]].tolist()}) == 2


def test_far_cells_take_the_colours_in_turn():
    labels = np.zeros((1, 400), np.int32)
    labels[0, ::20] = np.arange(1, 21)
    assert colours_of(labels).tolist() == [0, *(index % 7 + 1 for index in range(20))]


def test_many_numbers_are_told_apart():
    labels = np.zeros((20, 40), np.int32)
    labels[:, :20], labels[:, 20:] = 70_000, 70_007
    colours = colours_of(labels)
    assert len(colours) == 70_008
    assert colours[70_000] != colours[70_007]


def test_colours_beyond_the_palette_differ():
    assert len({colour_of(index) for index in range(1, MOST_COLOURS + 1)}) == MOST_COLOURS


@pytest.mark.parametrize("longest", [4096, 30])
def test_bands_and_packing_leave_no_trace(longest, monkeypatch):
    rng = np.random.default_rng(0)
    grey = rng.integers(0, 256, (70, 33), np.uint8)
    labels = cv2.resize(rng.integers(0, 9, (14, 11), np.int32).astype(np.uint8), (33, 70), interpolation=0)
    labels = labels.astype(np.int32)
    whole = draw_overlay(grey, labels, longest=longest)
    monkeypatch.setattr(overlay, "_BAND_ROWS", 7)
    monkeypatch.setattr("edgeseg.prediction.colouring._BAND_ROWS", 9)
    assert np.array_equal(draw_overlay(grey, labels, longest=longest), whole)
    assert np.array_equal(draw_overlay(grey, packed(labels), longest=longest), whole)


def test_a_large_image_is_reduced_by_a_whole_factor():
    shape = (100, overlay.MAX_SIDE + 2)
    picture = draw_overlay(np.zeros(shape, np.uint8), np.zeros(shape, np.int32))
    assert picture.shape == (50, overlay.MAX_SIDE // 2 + 1, 3)


def drawn(labels):
    """Where numbers are written."""
    grey = np.full(labels.shape, 100, np.uint8)
    without, having = (draw_overlay(grey, labels, numbers=numbers) for numbers in (False, True))
    return (without != having).any(axis=2)


def test_a_number_is_written_into_its_cell():
    labels = np.zeros((80, 90), np.int32)
    labels[10:50, 40:80] = 1
    y, x = np.nonzero(drawn(labels))
    assert abs(y.mean() - 29.5) < 2
    assert abs(x.mean() - 59.5) < 2
    assert (labels[y, x] == 1).all()


def test_the_number_of_a_bent_cell_is_on_the_cell():
    labels = np.zeros((120, 120), np.int32)
    labels[10:110, 10:30] = labels[10:30, 10:110] = labels[90:110, 10:110] = 1
    assert labels[59, 59] == 0
    y, x = np.nonzero(drawn(labels))
    assert (labels[y, x] == 1).mean() > 0.9


def test_numbers_at_the_border_are_whole():
    labels = np.zeros((60, 60), np.int32)
    labels[25:35, 56:] = 1
    labels[57:, 20:30] = 2
    alone = np.zeros((60, 60), np.int32)
    alone[25:35, 20:30] = 1
    assert np.count_nonzero(drawn(labels)[:40]) >= 0.9 * np.count_nonzero(drawn(alone)[:40])


def test_without_cells_nothing_is_written():
    assert not drawn(np.zeros((20, 20), np.int32)).any()
