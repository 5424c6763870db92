"""What a Keras model predicts for whole images, judged by the same metrics as a deployed file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from edgeseg.host.training.keras import tf
from edgeseg.host.training.pipeline import TrainingImages
from edgeseg.host.training.tasks.registry import task_of
from edgeseg.model import encoding
from edgeseg.model.encoding import Image, Maps
from edgeseg.model.interface import Interface


def judge_of(
    model: Any, interface: Interface, *, multiple: int
) -> Callable[[TrainingImages], Mapping[str, float]]:
    """How a model is judged on whole images while it learns: by the figures of its task.

    The model is traced once: with a small network, tracing it anew took longer than an epoch's steps.

    Args:
        model: a Keras model, `(N, H, W, channels)` -> `(N, H, W, maps)`, with the weights that it has when
            it is judged.
        interface: of the network.
        multiple: what the network's sides must be divisible by.
    """
    run = tf.function(lambda batch: model(batch, training=False), reduce_retracing=True)

    def judge(images: TrainingImages) -> Mapping[str, float]:
        predicted = _predict(run, images, multiple=multiple)
        answers = ((images[index][1], maps) for index, maps in enumerate(predicted))
        return task_of(interface).judge(answers, interface)

    return judge


def _predict(
    run: Callable[[Any], Any], images: TrainingImages, *, multiple: int, batch_size: int = 4
) -> Iterator[Maps]:
    """The maps of each image in order, `(H, W)` float32 each; images of one size are predicted together.

    Images are extended by reflection to a multiple of `multiple`.
    """
    waiting: list[Image] = []

    def flush() -> Iterator[Maps]:
        if waiting:
            batch = np.stack([_extend(image, multiple) for image in waiting])
            outputs = run(tf.constant(encoding.float_batch(batch, images.channels))).numpy()
            for image, output in zip(waiting, outputs, strict=True):
                yield _split(output[: image.shape[0], : image.shape[1]])
            waiting.clear()

    for index in range(len(images)):
        image = images[index][0]
        if waiting and (len(waiting) == batch_size or waiting[0].shape != image.shape):
            yield from flush()
        waiting.append(image)
    yield from flush()


def predictor(model: Any) -> Callable[[Image], Maps]:
    """What predicts one image at a time.

    Args:
        model: a Keras model.

    Returns:
        A function of a prepared image, `(H, W)` or `(H, W, channels)` uint8 of a size that the model takes,
        to its maps, `(H, W)` float32 each.
    """
    run = tf.function(lambda batch: model(batch, training=False))
    return lambda image: _split(run(tf.constant(encoding.float_image(image))).numpy()[0])


def _split(output: npt.NDArray[np.float32]) -> Maps:
    return tuple(np.moveaxis(output, -1, 0))


def _extend(image: Image, multiple: int) -> Image:
    bottom, right = (-side % multiple for side in image.shape[:2])
    if not bottom and not right:
        return image
    border = cv2.BORDER_REFLECT_101 if min(image.shape[:2]) > multiple else cv2.BORDER_REPLICATE
    return np.asarray(cv2.copyMakeBorder(image, 0, bottom, 0, right, border), np.uint8)
