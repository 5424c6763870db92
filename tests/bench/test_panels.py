"""Panels of a real bench: the hardest images and an ordinary one, as PNG files that open."""

import base64

import cv2
import numpy as np
import pytest

from edgeseg.bench.bench_options import BenchOptions
from edgeseg.bench.panels import label_png
from edgeseg.bench.run_bench import run_bench
from edgeseg.labels.decoding import CellDecoder
from edgeseg.metrics.pixels import count
from edgeseg.model.artifact import load_artifact
from edgeseg.model.segmenter import Segmenter
from support.blob_images import write_touching
from support.network_files import save_network
from support.paths import MODELS

FAST = {"rounds": 1, "seconds": 0.0, "samples": 3, "warmup_seconds": 0.0}


@pytest.fixture(scope="module")
def found(blobs):
    files = [MODELS / "blobs_float32.tflite", MODELS / "blobs_int8.tflite"]
    return run_bench(files, dataset=blobs, options=BenchOptions(panels=3, **FAST))


def decoded(text):
    return cv2.imdecode(np.frombuffer(base64.b64decode(text), np.uint8), cv2.IMREAD_UNCHANGED)


def test_the_hardest_images_come_first_and_an_ordinary_one_last(found):
    mean = {
        images[0].stem: np.mean([image.counts.dice for image in images])
        for images in zip(*(model.quality("litert").images for model in found.models), strict=True)
    }
    order = sorted(mean, key=mean.get)
    assert [panel.stem for panel in found.panels] == [*order[:2], order[3]]
    assert found.panels[0].why.endswith("one of the least")
    assert found.panels[2].why.endswith("in the middle")


def test_a_panel_shows_the_very_image_truth_and_masks(found, blobs):
    panel = found.panels[0]
    sample = next(each for each in blobs.samples if each.stem == panel.stem)
    image, truth = sample.read()
    assert np.array_equal(decoded(panel.image), image)
    assert np.array_equal(decoded(panel.truth) > 0, truth.mask)
    segmenter = Segmenter(load_artifact(MODELS / "blobs_int8.tflite"))
    mask = decoded(panel.masks["blobs_int8.tflite"]) > 0
    assert np.array_equal(mask, segmenter.mask(image))
    counted = next(each for each in found.models[1].quality("litert").images if each.stem == panel.stem)
    assert count(truth.mask, mask) == counted.counts


def test_cells_are_kept_of_models_that_tell_them_apart(tmp_path):
    dataset = write_touching(tmp_path / "touching", count=12)
    able = save_network("touching_int8", tmp_path / "models", "int8-ptq")
    files = [able, MODELS / "blobs_int8.tflite"]
    found = run_bench(files, dataset=dataset, options=BenchOptions(panels=2, **FAST))
    assert [model.tells_apart for model in found.models] == [True, False]
    assert found.matching.startswith("told apart by touching_int8.tflite; of the others")
    segmenter = Segmenter(load_artifact(able))
    for panel in found.panels:
        sample = next(each for each in dataset.samples if each.stem == panel.stem)
        image, truth = sample.read()
        assert np.array_equal(decoded(panel.true_labels), truth.labels)
        assert panel.labels.keys() == {"touching_int8.tflite"}
        labels = decoded(panel.labels["touching_int8.tflite"])
        assert labels.dtype == np.uint16
        assert np.array_equal(labels, CellDecoder(segmenter.interface)(segmenter.invoke(image)))
    assert len({panel.stem for panel in found.panels}) == 2


def test_true_cells_are_known_of_labels_alone(found):
    assert {panel.true_labels for panel in found.panels} == {None}
    assert [panel.labels for panel in found.panels] == [{}] * 3


def test_labels_with_large_numbers_are_told_apart_too():
    labels = np.zeros((300, 300), np.int32)
    labels[1:] = np.arange(1, 299 * 300 + 1).reshape(299, 300) * 7
    kept = cv2.imdecode(np.frombuffer(label_png(labels), np.uint8), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(kept > 0, labels > 0)
    assert np.array_equal(kept[1:4], np.arange(1, 901).reshape(3, 300))
    assert kept.max() == 2**16 - 1


def test_no_panels_are_kept_unless_asked_for(blobs):
    files = [MODELS / "blobs_int8.tflite"]
    assert run_bench(files, dataset=blobs, options=BenchOptions(panels=0, **FAST)).panels == ()
    assert run_bench(files, options=BenchOptions(**FAST)).panels == ()
