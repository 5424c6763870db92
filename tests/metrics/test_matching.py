"""Cells matched one by one, against a slow second opinion and by their laws."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from edgeseg.metrics.cells import CellCounts
from edgeseg.metrics.matching import MIN_AREA, match_cells

masks = hnp.arrays(np.uint8, st.tuples(st.integers(1, 6), st.integers(1, 6)), elements=st.integers(0, 1))


def enlarged(mask, factor=4):
    """Small random masks, each pixel of them large enough to be a cell (16 pixels)."""
    return np.kron(mask, np.ones((factor, factor), np.uint8)).astype(bool)


def discs(*centres, radius=6, shape=(64, 64)):
    mask = np.zeros(shape, np.uint8)
    for centre in centres:
        cv2.circle(mask, centre, radius, 1, -1)
    return mask.astype(bool)


def one_by_one(truth, mask):
    """Every true component against every found one."""

    def components(picture):
        _, labels = cv2.connectedComponents(picture.astype(np.uint8), connectivity=8)
        found = [labels == label for label in range(1, labels.max() + 1)]
        return [each for each in found if each.sum() >= MIN_AREA]

    true, found = components(truth), components(mask)
    pairs = [(t & f).sum() / (t | f).sum() > 0.5 for t in true for f in found]
    return CellCounts(len(true), len(found), sum(pairs))


@given(
    masks.flatmap(
        lambda first: st.tuples(st.just(first), hnp.arrays(np.uint8, first.shape, elements=st.integers(0, 1)))
    )
)
def test_matches_are_those_of_comparing_every_pair(pair):
    truth, mask = map(enlarged, pair)
    assert match_cells(truth, mask) == one_by_one(truth, mask)


@given(masks)
def test_a_mask_finds_all_of_its_own_cells(mask):
    counts = match_cells(enlarged(mask), enlarged(mask))
    assert counts.true == counts.found == counts.matched
    assert (counts.precision, counts.recall, counts.f1) == (1, 1, 1)


def test_two_cells_that_are_found_as_one_are_missed():
    truth = discs((20, 20), (44, 20))
    joined = truth.copy()
    joined[19:22, 20:44] = True
    assert match_cells(truth, joined) == CellCounts(true=2, found=1, matched=0)


def test_a_cell_that_is_found_too_far_off_is_missed_and_wrong():
    assert match_cells(discs((20, 20)), discs((26, 20))) == CellCounts(true=1, found=1, matched=0)
    assert match_cells(discs((20, 20)), discs((22, 20))) == CellCounts(true=1, found=1, matched=1)


def test_specks_are_no_cells():
    speck = np.zeros((64, 64), bool)
    speck[3, 3:8] = True
    assert match_cells(discs((30, 30)) | speck, discs((30, 30))) == CellCounts(1, 1, 1)
    assert match_cells(discs((30, 30)), discs((30, 30)) | speck) == CellCounts(1, 1, 1)


@pytest.mark.parametrize(
    ("counts", "precision", "recall", "f1"),
    [
        (CellCounts(0, 0, 0), 1, 1, 1),
        (CellCounts(3, 0, 0), 0, 0, 0),
        (CellCounts(0, 3, 0), 0, 0, 0),
        (CellCounts(4, 5, 3), 0.6, 0.75, 2 / 3),
    ],
)
def test_shares_of_cells(counts, precision, recall, f1):
    assert (counts.precision, counts.recall, counts.f1) == pytest.approx((precision, recall, f1))


def test_counts_add_up():
    assert CellCounts(1, 2, 1) + CellCounts(3, 3, 2) == CellCounts(4, 5, 3)
