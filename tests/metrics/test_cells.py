"""Figures of cells from their counts."""

import pytest

from edgeseg.metrics.cells import NO_CELLS, CellCounts


@pytest.mark.parametrize(
    ("counts", "precision", "recall", "f1", "ap"),
    [
        (CellCounts(0, 0, 0), 1, 1, 1, 1),
        (CellCounts(3, 0, 0), 0, 0, 0, 0),
        (CellCounts(0, 3, 0), 0, 0, 0, 0),
        (CellCounts(4, 5, 3), 0.6, 0.75, 2 / 3, 0.5),
    ],
)
def test_shares_of_cells(counts, precision, recall, f1, ap):
    assert (counts.precision, counts.recall, counts.f1, counts.ap) == pytest.approx(
        (precision, recall, f1, ap)
    )


@pytest.mark.parametrize(
    ("counts", "matched", "true", "panoptic"),
    [
        (NO_CELLS, 1, 1, 1),
        (CellCounts(3, 0, 0, 0.0), 0, 0, 0),
        (CellCounts(0, 3, 0, 0.0), 0, 0, 0),
        (CellCounts(4, 5, 3, 2.4), 0.8, 0.6, 2.4 / 4.5),
    ],
)
def test_how_well_cells_fit(counts, matched, true, panoptic):
    figures = (counts.mean_matched_iou, counts.mean_true_iou, counts.panoptic_quality)
    assert figures == pytest.approx((matched, true, panoptic))


def test_what_version_0_1_did_not_count_is_not_known():
    counts = CellCounts(4, 5, 3) + CellCounts(1, 1, 1, 0.9)
    assert counts == CellCounts(5, 6, 4)
    assert counts.panoptic_quality is counts.mean_matched_iou is counts.mean_true_iou is None


def test_counts_add_up():
    assert CellCounts(1, 2, 1, 0.5) + CellCounts(3, 3, 2, 1.5) == CellCounts(4, 5, 3, 2.0)
