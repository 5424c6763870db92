"""Panels of a real bench: the hardest images and an ordinary one, as PNG files that open."""

import base64

import cv2
import numpy as np
import pytest

from edgeseg.bench.bench_options import BenchOptions
from edgeseg.bench.run_bench import run_bench
from edgeseg.metrics.pixels import count
from edgeseg.model.artifact import load_artifact
from edgeseg.model.segmenter import Segmenter
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


def test_no_panels_are_kept_unless_asked_for(blobs):
    files = [MODELS / "blobs_int8.tflite"]
    assert run_bench(files, dataset=blobs, options=BenchOptions(panels=0, **FAST)).panels == ()
    assert run_bench(files, options=BenchOptions(**FAST)).panels == ()
