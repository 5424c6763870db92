"""From a data set to the batches of an epoch.

Order and augmentation depend on the seed, the epoch and the position alone: an epoch that is run again
after a crash sees the same batches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edgeseg.data.dataset import Sample, size_text
from edgeseg.errors import ConfigError
from edgeseg.host.training.augmentation import Image, augment
from edgeseg.host.training.keras import tf
from edgeseg.host.training.targets import Targets, TruthPixels
from edgeseg.model import encoding, preprocessing
from edgeseg.model.preprocessing import Preprocessing
from edgeseg.networks.network import Network
from edgeseg.networks.training import TrainingConfig

#: Decoded images are kept up to this many bytes; what does not fit is read again each epoch.
CACHE_BYTES = 4 * 2**30

Batch = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]


class TrainingImages:
    """The prepared images of some samples with their truth, read once as far as memory allows.

    Attributes:
        targets: what a network is to learn about them.
    """

    def __init__(self, samples: Sequence[Sample], prepare: Preprocessing, targets: Targets) -> None:
        """Take note of the samples; nothing is read yet."""
        self._samples, self._prepare, self.targets = samples, prepare, targets
        self._cache: dict[int, tuple[Image, TruthPixels]] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._samples)

    @property
    def channels(self) -> int:
        """Of the images: 1 grey, 3 RGB."""
        image = self[0][0]
        return 1 if image.ndim == 2 else int(image.shape[2])

    def __getitem__(self, index: int) -> tuple[Image, TruthPixels]:
        """Image `(H, W)` or `(H, W, C)` uint8, preprocessed, and what the targets need of its truth."""
        if index in self._cache:
            return self._cache[index]
        image, truth = self._samples[index].read()
        kept = self.targets.keep(truth)
        pair = preprocessing.apply(image, self._prepare), kept
        if self._bytes + image.nbytes + kept.nbytes <= CACHE_BYTES:
            self._bytes += image.nbytes + kept.nbytes
            self._cache[index] = pair
        return pair

    def check_sizes(self, network: Network, config: TrainingConfig) -> None:
        """Refuse images that cannot be trained on, before training starts.

        Raises:
            ConfigError: an image is smaller than the crop, or, without crops, not of one size that
                the network takes; or the images have another number of channels than the network.
        """
        if self.channels != network.channels:
            raise ConfigError(
                f"expected images of {network.channels} channels, as {network.name} takes, but "
                f"{self._samples[0].image_path} has {self.channels}"
            )
        if config.crop_size and config.crop_size % network.multiple:
            raise ConfigError(
                f"expected a crop_size divisible by {network.multiple}, but got {config.crop_size}"
            )
        first = self[0][0]
        for index in range(len(self)):
            image, name = self[index][0], self._samples[index].image_path
            if config.crop_size and min(image.shape[:2]) < config.crop_size:
                raise ConfigError(
                    f"expected images of at least crop_size {config.crop_size}, but {name} is "
                    f"{size_text(image)}; set a smaller one (--set crop_size=...)"
                )
            if not config.crop_size and (
                image.shape != first.shape or any(side % network.multiple for side in image.shape[:2])
            ):
                raise ConfigError(
                    f"expected whole images of one size, its sides divisible by {network.multiple}, but "
                    f"{name} is {size_text(image)}; train on crops (--set crop_size=128)"
                )


def steps_per_epoch(count: int, config: TrainingConfig) -> int:
    """Batches an epoch: every image once, the last incomplete batch left out unless it is the only one."""
    return max(count // config.batch_size, 1)


def batches(images: TrainingImages, config: TrainingConfig, epoch: int) -> Iterator[Batch]:
    """The batches of one epoch, the same at every call.

    Args:
        images: to draw from.
        config: batch size, augmentation, seed.
        epoch: counted from 0.

    Yields:
        Images `(N, H, W, channels)` and targets `(N, H, W, maps)`, float32 from 0 to 1.
    """
    order = np.random.default_rng([config.seed, epoch]).permutation(len(images))
    size = min(config.batch_size, len(images))
    for step in range(steps_per_epoch(len(images), config)):
        positions = range(step * size, (step + 1) * size)
        pairs = [_example(images, config, epoch, position, int(order[position])) for position in positions]
        crops = np.stack([image for image, _ in pairs])
        yield (
            encoding.float_batch(crops, images.channels),
            np.stack([images.targets.make(truth) for _, truth in pairs]),
        )


def _example(
    images: TrainingImages, config: TrainingConfig, epoch: int, position: int, index: int
) -> tuple[Image, TruthPixels]:
    rng = np.random.default_rng([config.seed, epoch, position])
    return augment(*images[index], config, rng)


def epoch_dataset(
    images: TrainingImages,
    config: TrainingConfig,
    epoch: int,
    *,
    targets: Callable[[Batch], Batch] = lambda batch: batch,
) -> Any:
    """`batches` as a tf.data.Dataset that prepares the next batches while a step runs.

    Args:
        images: to draw from.
        config: batch size, augmentation, seed.
        epoch: counted from 0.
        targets: applied to each batch.
    """
    image = tf.TensorSpec((None, None, None, images.channels), tf.float32)
    target = tf.TensorSpec((None, None, None, None), tf.float32)
    return tf.data.Dataset.from_generator(
        lambda: map(targets, batches(images, config, epoch)), output_signature=(image, target)
    ).prefetch(4)
