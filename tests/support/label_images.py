"""Label images for tests, drawn by hypothesis or by a seed, and rings filled again."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays


def _rough(most):
    """Numbers strewn at random: cells in pieces, with holes, of one pixel, touching, at the border."""
    return arrays.arrays(
        np.int32, arrays.array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.integers(0, most)
    )


def _coarse(most):
    """The same in blocks, so that cells have insides."""
    return st.tuples(_rough(most), st.integers(1, 4), st.integers(1, 4)).map(
        lambda drawn: drawn[0].repeat(drawn[1], axis=0).repeat(drawn[2], axis=1)
    )


LABELS = st.integers(1, 4).flatmap(lambda most: st.one_of(_rough(most), _coarse(most)))


def discs(*, count, size, radius, seed=0):
    """Discs that touch and overlap, the later on top, some cut off by the border."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((size, size), np.int32)
    rows, columns = np.ogrid[:size, :size]
    for number, (y, x) in enumerate(rng.integers(0, size, (count, 2)), start=1):
        labels[np.hypot(rows - y, columns - x) < radius * rng.uniform(0.5, 1)] = number
    return labels


def grey_for(labels):
    return np.random.default_rng(labels.size).integers(0, 256, labels.shape, np.uint8)


def filled(rings, shape):
    """The pixels whose centres rings go around an odd number of times, as ImageJ fills polygons."""
    inside = np.zeros(shape, np.bool_)
    for ring in rings:
        for (x, y), (_, to) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
            inside[int(min(y, to)) : int(max(y, to)), int(x) :] ^= True
    return inside
