"""Calibration images come from the training split alone, by seed, and are finite."""

import numpy as np
import pytest

from edgeseg.data.calibration import draw_calibration, representative_dataset, window
from edgeseg.errors import ConfigError, DatasetError
from edgeseg.model.preprocessing import Preprocessing


def test_only_training_images_are_drawn(blobs):
    drawn = draw_calibration(blobs, Preprocessing(), size=64, count=100)
    assert set(drawn.stems) == {sample.stem for sample in blobs.split("train")}
    assert drawn.images.shape == (18, 64, 64)


def test_the_same_seed_draws_the_same_images_and_hash(blobs):
    first, second = (draw_calibration(blobs, Preprocessing(), size=32, count=5, seed=3) for _ in range(2))
    assert first.manifest() == second.manifest()
    assert np.array_equal(first.images, second.images)


def test_another_seed_draws_others(blobs):
    first, second = (draw_calibration(blobs, Preprocessing(), size=64, count=5, seed=s) for s in (0, 1))
    assert first.stems != second.stems


def test_the_manifest_tells_all_that_is_needed_to_draw_again(blobs):
    manifest = draw_calibration(blobs, Preprocessing(kind="percentile"), size=64, count=3).manifest()
    assert manifest.split == "train"
    assert manifest.count == len(manifest.stems) == 3
    assert manifest.preprocessing.kind == "percentile"
    assert len(manifest.sha256) == 64


def test_black_and_white_always_occur_so_that_the_input_scale_is_1_over_255(blobs):
    drawn = draw_calibration(blobs, Preprocessing(), size=64, count=1)
    assert (drawn.images.min(), drawn.images.max()) == (0, 255)


def test_no_images_at_all_are_refused(blobs):
    with pytest.raises(ConfigError, match="at least 1 calibration image"):
        draw_calibration(blobs, Preprocessing(), size=64, count=0)


@pytest.mark.parametrize(("height", "width"), [(64, 64), (100, 70), (20, 90), (10, 10)])
def test_a_window_has_the_size_asked_for(height, width):
    image = np.random.default_rng(0).integers(0, 255, (height, width), dtype=np.uint8)
    assert window(image, 64, np.random.default_rng(0)).shape == (64, 64)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_refused_before_the_converter_sees_it(bad):
    images = [np.zeros((4, 4), np.float32), np.full((4, 4), bad, np.float32)]
    with pytest.raises(DatasetError, match="number 1 holds NaN or infinite"):
        representative_dataset(images)


def test_the_converter_gets_what_the_network_was_trained_on():
    image = np.arange(16, dtype=np.uint8).reshape(4, 4)
    (batch,) = next(representative_dataset([image])())
    assert batch.shape == (1, 4, 4, 1)
    assert batch.dtype == np.float32
    assert np.allclose(batch[0, :, :, 0], image / 255)


def test_the_converter_gets_all_channels():
    image = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    (batch,) = next(representative_dataset(np.stack([image]))())
    assert batch.shape == (1, 4, 4, 3)
    assert np.allclose(batch[0], image / 255)


@pytest.mark.parametrize(("height", "width"), [(100, 70), (20, 90)])
def test_the_window_of_a_colour_image_is_that_of_each_channel(height, width):
    image = np.random.default_rng(0).integers(0, 255, (height, width, 3), dtype=np.uint8)
    found = window(image, 64, np.random.default_rng(5))
    for channel in range(3):
        one = window(image[..., channel], 64, np.random.default_rng(5))
        assert np.array_equal(found[..., channel], one)
