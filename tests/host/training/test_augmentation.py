"""Augmentation keeps image and mask together and depends on its generator alone."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edgeseg.host.training.augmentation import augment
from edgeseg.networks.training import TrainingConfig

SEEDS = st.integers(0, 2**32 - 1)


def scene():
    """An image whose mask is where it is bright."""
    image = np.random.default_rng(5).integers(0, 100, (48, 64), dtype=np.uint8)
    image[10:30, 20:50] += 120
    return image, image >= 120


@given(SEEDS)
def test_the_mask_moves_with_the_image(seed):
    config = TrainingConfig(crop_size=32, brightness=0, contrast=0)
    image, mask = augment(*scene(), config, np.random.default_rng(seed))
    assert np.array_equal(mask, image >= 120)


@given(SEEDS)
def test_crops_have_the_size_asked_for(seed):
    image, mask = augment(*scene(), TrainingConfig(crop_size=32), np.random.default_rng(seed))
    assert image.shape == mask.shape == (32, 32)
    assert image.dtype == np.uint8


@given(SEEDS)
def test_whole_images_keep_their_shape_even_when_turned(seed):
    image, _ = augment(*scene(), TrainingConfig(crop_size=0), np.random.default_rng(seed))
    assert image.shape == (48, 64)


@given(SEEDS)
def test_the_same_generator_gives_the_same_crop(seed):
    config = TrainingConfig(crop_size=32)
    first, second = (augment(*scene(), config, np.random.default_rng(seed)) for _ in range(2))
    assert np.array_equal(first[0], second[0])
    assert np.array_equal(first[1], second[1])


def test_nothing_is_changed_when_everything_is_off():
    config = TrainingConfig(crop_size=0, flip=False, rotate=False, brightness=0, contrast=0)
    image, mask = augment(*scene(), config, np.random.default_rng(0))
    assert np.array_equal(image, scene()[0])
    assert np.array_equal(mask, scene()[1])


@given(SEEDS)
def test_brightness_stays_within_its_share_of_the_range(seed):
    config = TrainingConfig(crop_size=0, flip=False, rotate=False, brightness=0.1, contrast=0)
    image, _ = augment(*scene(), config, np.random.default_rng(seed))
    assert np.abs(image.astype(int) - scene()[0].astype(int)).max() <= 26


def test_every_orientation_of_a_square_occurs():
    corner = np.zeros((4, 4), np.uint8)
    corner[0, 1] = 255
    config = TrainingConfig(crop_size=0, brightness=0, contrast=0)
    rng = np.random.default_rng(0)
    seen = {augment(corner, corner > 0, config, rng)[0].tobytes() for _ in range(200)}
    assert len(seen) == 8
