"""Cells as objects: which of the true ones a mask finds.

A cell is a connected component (pixels that touch by a side or a corner), in the truth as in the
prediction, and one that is smaller than `MIN_AREA` is a speck and none, in both. A true and a found cell
match if their intersection over union is above 0.5; then each can match one other at most, so that no
assignment has to be solved (Caicedo et al. 2019, doi 10.1038/s41592-019-0612-7, use the same rule).
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from edgeseg.metrics.cells import MIN_AREA, CellCounts

#: Intersection over union that a match exceeds.
MIN_IOU = 0.5


def match_cells(truth: npt.NDArray[np.bool_], mask: npt.NDArray[np.bool_]) -> CellCounts:
    """Match the cells of two masks, `(H, W)` bool of one shape."""
    true_labels, true_areas = _label(truth)
    found_labels, found_areas = _label(mask)
    # bincount takes no wider numbers than the machine's own.
    both = true_labels.astype(np.intp) * len(found_areas) + found_labels
    shared = np.bincount(both.ravel(), minlength=len(true_areas) * len(found_areas))
    shared = shared.reshape(len(true_areas), len(found_areas))[1:, 1:]
    union = true_areas[1:, None] + found_areas[None, 1:] - shared
    cells = (true_areas[1:, None] >= MIN_AREA) & (found_areas[None, 1:] >= MIN_AREA)
    return CellCounts(
        true=int((true_areas[1:] >= MIN_AREA).sum()),
        found=int((found_areas[1:] >= MIN_AREA).sum()),
        matched=int(((shared > MIN_IOU * union) & cells).sum()),
    )


def _label(mask: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Labels (0 outside) and the pixels of each label."""
    _, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    found: npt.NDArray[np.int32] = np.asarray(labels, np.int32)
    return found, np.bincount(found.ravel(), minlength=1).astype(np.int64)
