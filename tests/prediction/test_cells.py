"""The cells of a mask and their measurements."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from edgeseg.labels.pieces import number_pieces
from edgeseg.prediction import cells
from edgeseg.prediction.cells import Cell


def mask_of(*rows):
    return np.array([[mark == "#" for mark in row] for row in rows])


def find_cells(mask, grey, *, min_area=0, rows=None):
    return cells.find_cells(number_pieces([mask], mask.shape, min_area=min_area), grey, rows=rows)


MASKS = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=14))


def grey_for(mask):
    return np.random.default_rng(mask.size).integers(0, 256, mask.shape, np.uint8)


def test_two_cells_worked_by_hand():
    mask = mask_of(
        "##...",
        "##..#",
        "....#",
        "....#",
    )
    grey = np.arange(20, dtype=np.uint8).reshape(4, 5)
    assert find_cells(mask, grey) == [
        Cell(
            area=4, centroid_x=0.5, centroid_y=0.5, left=0, top=0, width=2, height=2,
            mean_intensity=(0 + 1 + 5 + 6) / 4,
        ),
        Cell(
            area=3, centroid_x=4.0, centroid_y=2.0, left=4, top=1, width=1, height=3,
            mean_intensity=(9 + 14 + 19) / 3,
        ),
    ]  # fmt: skip


def test_corners_connect():
    mask = mask_of("#..", ".#.", "..#")
    assert [cell.area for cell in find_cells(mask, grey_for(mask))] == [3]


def test_a_ring_around_a_dot_is_two_cells():
    mask = mask_of("#####", "#...#", "#.#.#", "#...#", "#####")
    cells = find_cells(mask, grey_for(mask))
    assert [(cell.area, cell.left, cell.top, cell.width, cell.height) for cell in cells] == [
        (16, 0, 0, 5, 5),
        (1, 2, 2, 1, 1),
    ]


def test_an_empty_mask_has_no_cells():
    mask = np.zeros((7, 9), bool)
    assert find_cells(mask, grey_for(mask), min_area=16) == []


def test_a_full_mask_is_one_cell():
    mask = np.ones((6, 4), bool)
    (cell,) = find_cells(mask, np.full((6, 4), 200, np.uint8))
    assert (cell.area, cell.centroid_x, cell.centroid_y, cell.mean_intensity) == (24, 1.5, 2.5, 200)


def test_a_u_joins_across_bands():
    """Two arms are one cell only through the last row, three bands further down."""
    mask = mask_of("#..#", "#..#", "#..#", "####")
    cells = find_cells(mask, grey_for(mask), rows=1)
    assert [(cell.area, cell.width, cell.height) for cell in cells] == [(10, 4, 4)]


@given(mask=MASKS)
def test_areas_add_up_to_the_mask(mask):
    assert sum(cell.area for cell in find_cells(mask, grey_for(mask))) == np.count_nonzero(mask)


@given(mask=MASKS, rows=st.integers(1, 15), min_area=st.integers(0, 6))
def test_bands_change_nothing(mask, rows, min_area):
    whole = find_cells(mask, grey_for(mask), min_area=min_area)
    assert find_cells(mask, grey_for(mask), min_area=min_area, rows=rows) == whole


@given(mask=MASKS, min_area=st.integers(0, 8))
def test_small_components_leave_the_table_and_the_others_as_they_were(mask, min_area):
    before = find_cells(mask, grey_for(mask))
    after = find_cells(mask, grey_for(mask), min_area=min_area)
    assert after == [cell for cell in before if cell.area >= min_area]


@given(mask=MASKS)
def test_every_box_is_tight_and_holds_its_centroid(mask):
    for cell in find_cells(mask, grey_for(mask)):
        box = mask[cell.top : cell.top + cell.height, cell.left : cell.left + cell.width]
        assert box.shape == (cell.height, cell.width)
        assert all(edge.any() for edge in (box[0], box[-1], box[:, 0], box[:, -1]))
        assert cell.left <= cell.centroid_x <= cell.left + cell.width - 1
        assert cell.top <= cell.centroid_y <= cell.top + cell.height - 1


@given(mask=MASKS)
def test_mirroring_mirrors_the_cells(mask):
    grey = grey_for(mask)
    width = mask.shape[1]
    mirrored = find_cells(np.ascontiguousarray(mask[:, ::-1]), np.ascontiguousarray(grey[:, ::-1]))
    assert sorted(
        (cell.area, cell.top, width - cell.left - cell.width, cell.mean_intensity) for cell in mirrored
    ) == sorted((cell.area, cell.top, cell.left, cell.mean_intensity) for cell in find_cells(mask, grey))
