"""What a Keras model predicts for whole images, judged by the same metrics as a deployed file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from edgeseg.host.training.keras import tf
from edgeseg.host.training.pipeline import TrainingImages
from edgeseg.metrics import pixels
from edgeseg.metrics.pixels import ConfusionCounts
from edgeseg.model import encoding


def predict_probabilities(
    model: Any, images: TrainingImages, *, multiple: int, batch_size: int = 4
) -> Iterator[npt.NDArray[np.float32]]:
    """Predict whole images, those of one size together.

    Args:
        model: `(N, H, W, 1)` -> `(N, H, W, 1)` probability.
        images: prepared images of any size; they are extended by reflection to a multiple of `multiple`.
        multiple: what the network's sides must be divisible by.
        batch_size: images a call.

    Yields:
        `(H, W)` float32 for each image, in order.
    """
    run = tf.function(lambda batch: model(batch, training=False), reduce_retracing=True)
    waiting: list[npt.NDArray[np.uint8]] = []

    def flush() -> Iterator[npt.NDArray[np.float32]]:
        if waiting:
            batch = np.stack([_extend(image, multiple) for image in waiting])
            output = run(tf.constant(encoding.float_batch(batch))).numpy()
            for image, probability in zip(waiting, output, strict=True):
                yield probability[: image.shape[0], : image.shape[1], 0]
            waiting.clear()

    for index in range(len(images)):
        image = images[index][0]
        if waiting and (len(waiting) == batch_size or waiting[0].shape != image.shape):
            yield from flush()
        waiting.append(image)
    yield from flush()


def _extend(image: npt.NDArray[np.uint8], multiple: int) -> npt.NDArray[np.uint8]:
    bottom, right = (-side % multiple for side in image.shape)
    if not bottom and not right:
        return image
    border = cv2.BORDER_REFLECT_101 if min(image.shape) > multiple else cv2.BORDER_REPLICATE
    return np.asarray(cv2.copyMakeBorder(image, 0, bottom, 0, right, border), np.uint8)


def count_images(model: Any, images: TrainingImages, *, multiple: int) -> list[ConfusionCounts]:
    """Confusion counts of each image at probability 0.5, in order; arguments as above."""
    predicted = predict_probabilities(model, images, multiple=multiple)
    return [pixels.count(images[index][1], each > 0.5) for index, each in enumerate(predicted)]
