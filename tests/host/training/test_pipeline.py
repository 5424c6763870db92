"""Batches are the same at every call, and every image is seen once an epoch."""

import numpy as np
import pytest

from edgeseg.errors import ConfigError
from edgeseg.model.interface import float_interface
from edgeseg.model.preprocessing import Preprocessing
from edgeseg.networks.training import TrainingConfig
from edgeseg.networks.unet import UNetConfig
from support.blob_images import write_blobs

pytestmark = pytest.mark.host
pipeline = pytest.importorskip("edgeseg.host.training.pipeline", reason="needs TensorFlow")
targets = pytest.importorskip("edgeseg.host.training.targets", reason="needs TensorFlow")

CONFIG = TrainingConfig(batch_size=4, crop_size=32)


def of(samples):
    return pipeline.TrainingImages(samples, Preprocessing(), targets.Targets(float_interface(64, 64)))


@pytest.fixture
def images(blobs):
    return of(blobs.split("train"))


def test_the_same_epoch_gives_the_same_batches(images):
    first, second = (list(pipeline.batches(images, CONFIG, 3)) for _ in range(2))
    assert all(
        np.array_equal(a[0], b[0]) and np.array_equal(a[1], b[1]) for a, b in zip(first, second, strict=True)
    )


def test_another_epoch_gives_other_batches(images):
    first, second = (next(pipeline.batches(images, CONFIG, epoch))[0] for epoch in (0, 1))
    assert not np.array_equal(first, second)


def test_an_epoch_takes_each_image_at_most_once(images):
    whole = TrainingConfig(batch_size=4, crop_size=0, flip=False, rotate=False, brightness=0, contrast=0)
    seen = [image.tobytes() for batch, _ in pipeline.batches(images, whole, 0) for image in batch]
    assert len(seen) == len(set(seen)) == 16  # 18 images, batches of 4


def test_batches_are_floats_from_0_to_1_and_masks_0_or_1(images):
    grey, mask = next(pipeline.batches(images, CONFIG, 0))
    assert grey.shape == mask.shape == (4, 32, 32, 1)
    assert grey.dtype == mask.dtype == np.float32
    assert 0 <= grey.min() <= grey.max() <= 1
    assert set(np.unique(mask)) <= {0, 1}


def test_the_tf_dataset_yields_the_same_batches(images):
    plain = list(pipeline.batches(images, CONFIG, 0))
    wrapped = list(pipeline.epoch_dataset(images, CONFIG, 0).as_numpy_iterator())
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(plain, wrapped, strict=True))


def test_a_batch_larger_than_the_split_takes_what_there_is(images):
    batches = list(pipeline.batches(images, TrainingConfig(batch_size=100, crop_size=32), 0))
    assert [len(grey) for grey, _ in batches] == [18]


@pytest.mark.parametrize(
    ("crop", "sentence"),
    [(80, "smaller one"), (24, "divisible by 16"), (0, "")],
)
def test_sizes_that_do_not_fit_are_refused_before_training(images, crop, sentence):
    config = TrainingConfig(crop_size=crop)
    if not sentence:
        images.check_sizes(UNetConfig(), config)
        return
    with pytest.raises(ConfigError, match=sentence):
        images.check_sizes(UNetConfig(), config)


def test_whole_images_that_the_network_cannot_take_are_refused(tmp_path):
    """40 is no multiple of 16."""
    samples = write_blobs(tmp_path, count=5, size=40).samples
    images = of(samples)
    with pytest.raises(ConfigError, match="train on crops"):
        images.check_sizes(UNetConfig(), TrainingConfig(crop_size=0))
