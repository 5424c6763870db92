"""Labels of a picture are read in rows, packed or not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from edgeseg.labels.label_rows import PackedLabels, bands, pack
from edgeseg.labels.runs import find_runs

LABELS = arrays.arrays(
    np.int32, arrays.array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.integers(0, 4)
)


def packed(labels, height, table=None):
    parts = [labels[top : top + height] for top in range(0, len(labels), height)]
    table = np.arange(labels.max() + 1, dtype=np.int32) if table is None else table
    return PackedLabels(labels.shape[1], [pack(find_runs(each)) for each in parts], [*map(len, parts)], table)


@given(LABELS)
def test_runs_hold_the_labels_and_end_with_their_row(labels):
    runs = find_runs(labels)
    assert np.array_equal(runs.labels(), labels)
    assert (runs.lengths > 0).all()
    assert (runs.starts // runs.width == (runs.starts + runs.lengths - 1) // runs.width).all()


@given(LABELS, st.integers(1, 13), st.integers(0, 13), st.integers(0, 13))
def test_rows_of_packed_labels_are_those_of_the_array(labels, height, start, stop):
    rows = packed(labels, height)
    assert rows.shape == labels.shape
    assert rows[start:stop].dtype == np.int32
    assert np.array_equal(rows[start:stop], labels[start:stop])
    assert np.array_equal(rows[:], labels)


@given(LABELS, st.integers(1, 13), st.one_of(st.none(), st.integers(1, 13)))
def test_bands_are_the_picture_from_top_to_bottom(labels, height, rows):
    parts = list(bands(packed(labels, height), rows))
    assert np.array_equal(np.concatenate([band for _, band in parts]), labels)
    for where, band in parts:
        assert np.array_equal(labels[where], band)


def test_the_table_gives_the_numbers():
    labels = np.array([[1, 1, 0], [0, 2, 2]], np.int32)
    rows = packed(labels, 1, np.array([0, 7, 0], np.int32))
    assert rows[:].tolist() == [[7, 7, 0], [0, 0, 0]]


def test_rows_with_gaps_are_refused():
    with pytest.raises(ValueError, match="steps of 2"):
        packed(np.zeros((4, 4), np.int32), 2)[::2]
