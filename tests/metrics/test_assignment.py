"""The assignment problem, against an independent solver."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.optimize import linear_sum_assignment

from edgeseg.metrics.assignment import best_pairs

gains = hnp.arrays(
    np.float64, st.tuples(st.integers(0, 7), st.integers(0, 7)), elements=st.floats(-10, 10, width=16)
)


@given(gains)
def test_the_gain_is_the_greatest_there_is(gain):
    rows, columns = best_pairs(gain)
    assert len(rows) == len(columns) == min(gain.shape)
    assert len(set(rows.tolist())) == len(set(columns.tolist())) == min(gain.shape)
    assert gain[rows, columns].sum() == pytest.approx(gain[linear_sum_assignment(gain, maximize=True)].sum())


@pytest.mark.parametrize("shape", [(60, 60), (20, 90), (90, 20)])
def test_of_many_too(shape):
    gain = np.random.default_rng(0).random(shape)
    assert gain[best_pairs(gain)].sum() == pytest.approx(
        gain[linear_sum_assignment(gain, maximize=True)].sum()
    )
