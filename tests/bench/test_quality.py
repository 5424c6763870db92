from pathlib import Path

import cv2
import numpy as np
import pytest

from edgeseg.artifact import load_artifact
from edgeseg.bench.quality import ImageCounts, QualityResult, compare_masks, measure_quality
from edgeseg.config import Preprocessing
from edgeseg.data.dataset import open_dataset
from edgeseg.data.images import write_png
from edgeseg.metrics import ConfusionCounts, count
from edgeseg.runtime import Segmenter

MODELS = Path(__file__).parents[1] / "models"


@pytest.fixture(scope="module")
def segmenter():
    return Segmenter(load_artifact(MODELS / "blobs_int8.tflite"))


def quiet(_done, _total, _note):
    pass


def test_the_counts_are_those_of_this_very_model(segmenter, blobs):
    samples = blobs.split("test")
    found = measure_quality(segmenter, samples, Preprocessing(), progress=quiet)
    assert [image.stem for image in found.images] == [sample.stem for sample in samples]
    image, truth = samples[0].read()
    assert found.images[0].counts == count(truth, segmenter.mask(image))


def test_the_trained_model_finds_the_blobs(segmenter, blobs):
    assert (
        measure_quality(segmenter, blobs.split("test"), Preprocessing(), progress=quiet).pooled["dice"] > 0.95
    )


def test_the_models_own_preprocessing_is_used(segmenter, blobs):
    plain, stretched = (
        measure_quality(segmenter, blobs.split("test"), preprocessing, progress=quiet)
        for preprocessing in (Preprocessing(), Preprocessing(kind="percentile", low=40, high=60))
    )
    assert stretched.pooled["dice"] < plain.pooled["dice"]


def test_an_image_larger_than_the_model_is_segmented_in_tiles(segmenter, tmp_path):
    rng = np.random.default_rng(1)
    image, mask = rng.normal(110, 8, (150, 200)), np.zeros((150, 200), np.uint8)
    for x, y in ((30, 40), (66, 62), (150, 120), (190, 20)):
        cv2.circle(mask, (x, y), 9, 1, -1)
    for folder, picture in (("images", image + 60 * mask), ("masks", 255 * mask)):
        write_png(tmp_path / folder / "a.png", np.clip(picture, 0, 255).astype(np.uint8))
    samples = open_dataset(tmp_path).samples
    heard = []
    found = measure_quality(
        segmenter, samples, Preprocessing(), progress=lambda done, total, _note: heard.append((done, total))
    )
    assert found.pooled["dice"] > 0.95
    counts = found.images[0].counts
    assert counts.tp + counts.fp + counts.fn + counts.tn == 150 * 200
    assert len(heard) > 2, "each tile is a sign of life"
    assert heard[-1] == (1, 1)


def test_pooled_and_mean_differ_where_images_differ(quality):
    assert quality.pooled["dice"] == pytest.approx(0.875)
    assert quality.mean["dice"] == pytest.approx(0.9)


def test_counts_survive_json():
    image = ImageCounts("a", ConfusionCounts(1, 2, 3, 4))
    assert image.to_dict() == {"stem": "a", "tp": 1, "fp": 2, "fn": 3, "tn": 4}
    assert QualityResult((ImageCounts.from_dict(image.to_dict()),)) == QualityResult((image,))


def test_differing_pixels_are_counted_image_by_image():
    """Images of 7 and 12 pixels: neither fills its last byte."""
    mine = [np.array([1, 0, 1, 0, 1, 0, 1], bool), np.zeros(12, bool)]
    other = [np.array([1, 0, 1, 0, 1, 1, 0], bool), np.ones(12, bool)]
    quality = QualityResult(
        tuple(ImageCounts(str(mask.size), count(~mask, mask)) for mask in mine)  # any truth will do
    )
    masks, reference = (b"".join(np.packbits(each).tobytes() for each in masks) for masks in (mine, other))
    found = compare_masks(quality, masks, reference)
    assert [image.differing for image in found.images] == [2, 12]
    assert found.agreement == pytest.approx(5 / 19)
    assert compare_masks(quality, masks, masks).agreement == 1
    assert QualityResult((*found.images, quality.images[0])).agreement is None


def test_each_mask_is_handed_over(segmenter, blobs):
    kept = []
    samples = blobs.split("test")
    measure_quality(segmenter, samples, Preprocessing(), progress=quiet, keep=kept.append)
    assert [mask.shape for mask in kept] == [(64, 64)] * 6
    assert np.array_equal(kept[0], segmenter.mask(samples[0].read()[0]))


def test_a_known_difference_survives_json():
    image = ImageCounts("a", ConfusionCounts(1, 2, 3, 4), differing=0)
    assert ImageCounts.from_dict(image.to_dict()) == image
