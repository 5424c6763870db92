"""What label images tell of their cells, against slow second opinions."""

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from edgeseg.data.label_facts import LabelFacts, label_facts
from edgeseg.metrics.cells import MIN_AREA, CellCounts

coarse = hnp.arrays(np.int32, st.tuples(st.integers(1, 5), st.integers(1, 5)), elements=st.integers(0, 4))


def enlarged(labels, factor=4):
    """Each pixel large enough to be a cell."""
    return np.kron(labels, np.ones((factor, factor), np.int32))


@given(coarse)
def test_facts_are_those_of_looking_at_each_cell(small):
    labels = enlarged(small)
    numbers = np.unique(labels[labels > 0])
    touching = cut = broken = 0
    for number in numbers:
        cell = (labels == number).astype(np.uint8)
        around = cv2.dilate(cell, np.ones((3, 3), np.uint8)) > 0
        touching += bool(set(np.unique(labels[around])) - {0, number})
        cut += bool(cell[[0, -1]].any() or cell[:, [0, -1]].any())
        broken += cv2.connectedComponents(cell, connectivity=8)[0] > 2
    facts = label_facts(labels)
    assert (facts.cells, facts.specks) == (len(numbers), 0)
    assert (facts.touching, facts.cut, facts.in_pieces) == (touching, cut, broken)


@given(coarse)
def test_perfect_masks_find_all_cells_where_none_touch_and_all_are_whole(small):
    apart = np.kron(small, np.pad(np.ones((4, 4), np.int32), 1))
    _, whole = cv2.connectedComponents((apart > 0).astype(np.uint8), connectivity=8)
    facts = label_facts(whole)
    assert facts.touching == facts.in_pieces == 0
    assert facts.by_masks.f1 == facts.by_masks.panoptic_quality == 1


def test_specks_are_no_cells():
    labels = np.zeros((20, 20), np.int32)
    labels[0, :15], labels[1, :15], labels[5:9, 5:9] = 1, 2, 9
    facts = label_facts(labels)
    assert (facts.cells, facts.specks, facts.touching, facts.cut) == (1, 2, 0, 0)
    assert facts.by_masks == CellCounts(1, 2, 1, 1.0)  # the two specks are one piece of 30 pixels
    assert MIN_AREA == 16


def test_facts_add_up():
    labels = enlarged(np.array([[1, 2]]))
    total = label_facts(labels) + label_facts(labels) + LabelFacts()
    assert (total.cells, total.touching, total.by_masks) == (4, 4, CellCounts(4, 2, 2, 1.0))
