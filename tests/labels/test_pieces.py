"""What a mask shows of cells: its connected pieces."""

import numpy as np
from hypothesis import given
from hypothesis.extra import numpy as hnp

from edgeseg.labels.pieces import connected_pieces

masks = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9))


@given(masks)
def test_neighbours_by_side_or_corner_have_one_number_and_no_others_do(mask):
    pieces = connected_pieces(mask)
    assert pieces.dtype == np.int32
    assert ((pieces > 0) == mask).all()
    assert set(np.unique(pieces)) | {0} == set(range(pieces.max() + 1))
    for number in range(1, pieces.max() + 1):
        grown = np.zeros_like(mask)
        grown.flat[np.flatnonzero(pieces == number)[0]] = True
        for _ in range(mask.size):
            padded = np.pad(grown, 1)
            height, width = mask.shape
            around = [padded[y : y + height, x : x + width] for y in range(3) for x in range(3)]
            grown = np.any(around, axis=0) & mask
        assert (grown == (pieces == number)).all()
