"""Cells that are found band by band are those of the whole picture, in one order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from edgeseg.labels import numbering
from edgeseg.labels.extents import count_extents, join_extents
from edgeseg.labels.label_rows import PackedLabels
from edgeseg.labels.numbering import Numbering
from edgeseg.labels.pieces import connected_pieces, number_pieces
from edgeseg.labels.runs import find_runs

SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, max_side=14)
MASKS = hnp.arrays(np.bool_, SHAPES)
LABELS = hnp.arrays(np.int32, SHAPES, elements=st.integers(0, 5))


def cut(whole, height):
    return [whole[top : top + height] for top in range(0, len(whole), height)]


def numbered(labels, height, **options):
    made = Numbering(labels.shape, **options)
    for band in cut(labels, height):
        made.add(band)
    return made.finish()[:]


def one_by_one(labels):
    """Area, top, left and first pixel of each number, in the plain way."""
    found = []
    for number in np.unique(labels[labels > 0]):
        y, x = np.nonzero(labels == number)
        found.append((number, len(y), x.sum(), y.sum(), x.min(), y.min(), x.max() + 1, y.max() + 1))
    return np.array(found).reshape(-1, 8)


@given(LABELS, st.integers(1, 15))
def test_extents_are_those_that_each_pixel_tells(labels, height):
    tops = range(0, len(labels), height)
    parts = [count_extents(find_runs(labels[top : top + height]), top) for top in tops]
    found = join_extents(parts)
    columns = ("numbers", "area", "sum_x", "sum_y", "left", "top", "right", "bottom")
    assert np.array_equal(np.stack([getattr(found, name) for name in columns], axis=1), one_by_one(labels))
    flat = labels.reshape(-1)
    assert found.first.tolist() == [np.flatnonzero(flat == number)[0] for number in found.numbers]


@given(MASKS, st.integers(1, 15), st.integers(0, 5))
def test_pieces_do_not_depend_on_bands(mask, height, min_area):
    whole = number_pieces([mask], mask.shape, min_area=min_area)
    assert np.array_equal(number_pieces(cut(mask, height), mask.shape, min_area=min_area)[:], whole)


@given(MASKS)
def test_pieces_are_the_connected_ones_each_under_one_number(mask):
    pieces, labels = connected_pieces(mask), number_pieces([mask], mask.shape)[:]
    pairs = np.unique(np.stack([pieces, labels], axis=-1).reshape(-1, 2), axis=0)
    assert len(pairs) == len(np.unique(pieces)) == len(np.unique(labels))
    assert np.array_equal(labels > 0, mask)


@given(LABELS, st.integers(1, 15), st.integers(0, 9))
def test_labels_keep_their_cells_and_lose_the_small_ones(labels, height, min_area):
    made = numbered(labels, height, min_area=min_area)
    kept = [number for number, area, *_ in one_by_one(labels) if area >= min_area]
    assert np.array_equal(made > 0, np.isin(labels, kept))
    assert set(np.unique(made[made > 0])) == set(range(1, len(kept) + 1))
    for number in kept:
        assert len(np.unique(made[labels == number])) == 1


@given(LABELS, st.permutations(range(1, 6)), st.integers(1, 15))
def test_numbers_do_not_depend_on_the_provisional_ones(labels, others, height):
    other = np.array([0, *others], np.int32)[labels]
    assert np.array_equal(numbered(labels, height), numbered(other, len(other)))


@given(LABELS)
def test_cells_are_numbered_from_top_to_bottom_then_from_left_to_right(labels):
    corners = [(row[5], row[4]) for row in one_by_one(numbered(labels, 3))]
    assert corners == sorted(corners)


@given(LABELS, st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), max_size=6))
def test_what_is_joined_is_one_cell(labels, pairs):
    made = Numbering(labels.shape)
    made.join(np.array(pairs, np.int64).reshape(-1, 2))
    made.add(labels)
    group = {number: {number} for number in range(1, 6)}
    for one, other in pairs:
        both = group[one] | group[other]
        group.update(dict.fromkeys(both, both))
    lowest = np.array([0, *(min(group[number]) for number in range(1, 6))], np.int32)
    assert np.array_equal(made.finish()[:], numbered(lowest[labels], 20))


@pytest.mark.parametrize("height", [1, 7, 64])
def test_large_pictures_are_packed_and_the_same(height, monkeypatch):
    mask = np.random.default_rng(3).random((64, 50)) > 0.6
    plain = number_pieces(cut(mask, height), mask.shape, min_area=4)
    monkeypatch.setattr(numbering, "LARGE", 64 * 50 - 1)
    packed = number_pieces(cut(mask, height), mask.shape, min_area=4)
    assert isinstance(plain, np.ndarray)
    assert isinstance(packed, PackedLabels)
    assert np.array_equal(packed[:], plain)
    assert plain.max() > 9


def test_a_picture_that_is_not_whole_is_refused():
    made = Numbering((4, 4))
    made.add(np.zeros((3, 4), np.int32))
    with pytest.raises(ValueError, match="bands of 4 rows in all, but got 3"):
        made.finish()
