"""BatchNorm statistics are those of the data, with the weights as they are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

pytestmark = pytest.mark.host
batch_norm = pytest.importorskip("edgeseg.host.training.batch_norm", reason="needs TensorFlow")


@given(arrays.arrays(np.float64, (5, 8), elements=st.floats(-100, 100)))
@settings(deadline=None)
def test_merged_statistics_are_those_of_all_values_together(values):
    mean, variance = batch_norm.merge_statistics([(row.mean(), row.var()) for row in values])
    assert mean == pytest.approx(values.mean(), abs=1e-9)
    assert variance == pytest.approx(values.var(), abs=1e-6)


def test_measuring_sets_the_mean_and_variance_of_the_batches():
    from edgeseg.host.training.keras import keras

    inputs = keras.Input((None, None, 1))
    model = keras.Model(inputs, keras.layers.BatchNormalization()(inputs))
    batches = np.random.default_rng(0).normal(3, 2, (6, 2, 8, 8, 1)).astype(np.float32)
    batch_norm.StatisticsMeter(model).measure(batches)
    layer = model.layers[-1]
    assert float(layer.moving_mean[0]) == pytest.approx(batches.mean(), rel=1e-4)
    assert float(layer.moving_variance[0]) == pytest.approx(batches.var(), rel=0.02)
    assert layer.momentum == pytest.approx(0.99)
