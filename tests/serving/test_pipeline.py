"""One network for several threads."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from edgeseg.errors import ConfigError
from edgeseg.model.artifact import load_artifact
from edgeseg.prediction.options import PredictOptions
from edgeseg.serving.pipeline import Pipeline
from support.blob_images import blob_image
from support.serve_process import MODEL


def test_threads_get_what_each_would_get_alone():
    pipeline = Pipeline(load_artifact(MODEL), PredictOptions())
    images = [blob_image(np.random.default_rng(seed), 100 + 10 * seed)[0] for seed in range(12)]

    def segment(image):
        return pipeline.segment(image.copy(), source="s", name="n", label="l")

    alone = [segment(image) for image in images]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(segment, images))
    assert sum(each.found.cells for each in alone) > 12
    for one, other in zip(alone, together, strict=True):
        assert one.cells == other.cells
        np.testing.assert_array_equal(one.mask, other.mask)


def test_an_overlap_that_does_not_fit_is_refused_before_anything_is_served():
    with pytest.raises(ConfigError, match="expected an overlap from 0 to 32"):
        Pipeline(load_artifact(MODEL), PredictOptions(overlap=40))
