"""One network for several threads."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from edgeseg.errors import ArtifactError, ConfigError
from edgeseg.labels.decoding import CellDecoder
from edgeseg.model.artifact import load_artifact
from edgeseg.model.preprocessing import Preprocessing
from edgeseg.model.segmenter import Segmenter
from edgeseg.prediction import tiling
from edgeseg.prediction.frames import Frame
from edgeseg.prediction.pipeline import Pipeline, find_labels
from edgeseg.prediction.predict_options import PredictOptions
from support.blob_images import blob_image
from support.network_files import open_network, picture
from support.paths import ROOT
from support.serve_process import MODEL


def test_threads_get_what_each_would_get_alone():
    pipeline = Pipeline(load_artifact(MODEL), PredictOptions())
    images = [blob_image(np.random.default_rng(seed), 100 + 10 * seed)[0] for seed in range(12)]

    def segment(image):
        labels = pipeline.segment(image)
        found, cells = pipeline.measure(Frame(source="s", name="n", read=lambda: (image, ())), image, labels)
        return found, cells, labels

    alone = [segment(image) for image in images]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(segment, images))
    assert sum(found.cells for found, _, _ in alone) > 12
    for (_, one, labels), (_, other, again) in zip(alone, together, strict=True):
        assert one == other
        np.testing.assert_array_equal(labels, again)


@pytest.mark.parametrize("strip_pixels", [1, 2**20])
def test_cells_are_those_of_the_maps_of_the_whole_picture(strip_pixels, monkeypatch):
    monkeypatch.setattr(tiling, "_STRIP_PIXELS", strip_pixels)
    segmenter = Segmenter(open_network("rgb_4maps_int8"))
    image = picture(3, size=(100, 90))
    decode = CellDecoder(segmenter.interface)
    assert decode.tells_apart
    whole = decode.label([tiling.segment_maps(image, segmenter)], (100, 90), min_area=4)
    labels = find_labels(image, segmenter, Preprocessing(), min_area=4)
    assert np.array_equal(labels[:], whole[:])
    assert labels[:].max() > 3


def test_an_overlap_that_does_not_fit_is_refused_before_anything_is_served():
    with pytest.raises(ConfigError, match="expected an overlap from 0 to 32"):
        Pipeline(load_artifact(MODEL), PredictOptions(overlap=40))


def test_what_was_assumed_of_a_file_without_a_sidecar_is_known():
    assert Pipeline(load_artifact(MODEL), PredictOptions()).assumed
    published = ROOT / "models/nih3t3_phase/unet-16_nih3t3_phase_256_int8-ptq.tflite"
    assert Pipeline(load_artifact(published), PredictOptions()).assumed == ()


def test_a_colour_network_is_refused_while_pictures_are_read_as_grey():
    with pytest.raises(ArtifactError, match=r"expected a model for grey images, but .* of 3 channels"):
        Pipeline(open_network("rgb_4maps_int8"), PredictOptions())
