"""Images into a network's input tensor, and its output tensors into maps, masks and probabilities.

Exact for any scale: an integer input is a table of 256 values. For edgeseg's own int8 files that table is
`grey - 128`, so preparing an image is one XOR of the sign bit; and a probability of a half is exactly 0, so
the mask is a sign test.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from edgeseg.errors import DatasetError
from edgeseg.model.interface import (
    INTEGER_RANGES,
    DecoderKind,
    InputTensor,
    Interface,
    MapTensor,
    Meaning,
    Quantization,
)

T = TypeVar("T", bound=np.generic)

Image = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

#: The maps of one image in the order of the interface, each `(H, W)` in the type of its tensor.
Maps = tuple[npt.NDArray[Any], ...]

_GREY_VALUES = np.arange(256, dtype=np.uint8)

_SIGN_BIT = np.uint8(0x80)


def real_values(pixels: Image, low: float = 0.0, high: float = 1.0) -> npt.NDArray[np.float32]:
    """What pixels mean to a network, float32 of the same shape; by default 0 (black) to 1 (white).

    Args:
        pixels: uint8 of any shape.
        low: the value of black.
        high: the value of white.
    """
    scaled = pixels.astype(np.float32) * np.float32((high - low) / 255)
    return scaled + np.float32(low) if low else scaled


def as_batch(image: npt.NDArray[T]) -> npt.NDArray[T]:
    """An image as a batch of one: `(H, W)` or `(H, W, C)` to `(1, H, W, C)`, a view."""
    return image[None, :, :, None] if image.ndim == 2 else image[None]


def float_image(image: Image) -> npt.NDArray[np.float32]:
    """One image as the networks are trained on it: `(H, W[, C])` uint8 to `(1, H, W, C)` float32, 0 to 1."""
    return as_batch(real_values(image))


def with_channels(images: Image, channels: int) -> Image:
    """A batch of images with its last axis: `(N, H, W)` or `(N, H, W, C)` to `(N, H, W, C)`.

    Args:
        images: uint8.
        channels: C; a batch without the axis has one.

    Raises:
        ValueError: the images have another number of channels.
    """
    batch = images[..., None] if images.ndim == 3 else images
    if batch.ndim != 4 or batch.shape[3] != channels:
        raise ValueError(f"expected images of {channels} channels, but got an array of {images.shape}")
    return batch


def float_batch(images: Image, channels: int = 1) -> npt.NDArray[np.float32]:
    """A batch as the networks are trained on it: `(N, H, W[, C])` uint8 to `(N, H, W, C)` float32, 0 to 1."""
    return real_values(with_channels(images, channels))


def grey_table(tensor: InputTensor) -> npt.NDArray[Any]:
    """What each of the 256 grey values is in an input tensor, `(256,)` of its type.

    Integers are the nearest that there are; halves are rounded away from zero, as TFLite's QUANTIZE does.
    """
    if tensor.quantization is None:
        return real_values(_GREY_VALUES, tensor.low, tensor.high)
    grey = _GREY_VALUES.astype(np.float64)
    # Grey values times one factor: black at 0 and a scale of 1/255 give whole numbers and no rounding.
    steps = (tensor.low + (tensor.high - tensor.low) * grey / 255) / tensor.quantization.scale
    nearest = np.copysign(np.floor(np.abs(steps) + 0.5), steps) + tensor.quantization.zero_point
    low, high = INTEGER_RANGES[tensor.dtype]
    return np.asarray(np.clip(nearest, low, high), tensor.dtype)


class Encoder:
    """Images to the input tensor of one network."""

    def __init__(self, tensor: InputTensor) -> None:
        """Choose the cheapest exact way.

        Args:
            tensor: the input.
        """
        self._channels = tensor.channels
        self._convert = _converter(tensor)
        grey = tensor.channels == 1
        self._last = () if grey else (tensor.channels,)  # of an image's shape, after height and width
        self._as_batch: tuple[slice | None, ...] = (None, slice(None), slice(None), None) if grey else (None,)

    def __call__(self, image: Image) -> npt.NDArray[Any]:
        """The tensor `(1, H, W, C)` for an image.

        Args:
            image: `(H, W)` uint8 for one channel, else `(H, W, C)`; after `preprocessing.apply`.

        Raises:
            DatasetError: it has another number of channels.
        """
        if image.shape[2:] != self._last:
            got = "a grey one" if image.ndim == 2 else f"one of {image.shape[2]}"
            raise DatasetError(
                f"expected an image of {self._channels} channels, but got {got}; use images as the network "
                "was trained on"
            )
        return self._convert(image)[self._as_batch]


def _converter(tensor: InputTensor) -> Callable[[Image], npt.NDArray[Any]]:
    if tensor.quantization is None:
        return lambda image: real_values(image, tensor.low, tensor.high)
    table = grey_table(tensor)
    if table.dtype == np.int8 and np.array_equal(table, (_GREY_VALUES ^ _SIGN_BIT).view(np.int8)):
        return lambda image: (image ^ _SIGN_BIT).view(np.int8)
    if np.array_equal(table, _GREY_VALUES) and table.dtype == np.uint8:
        return lambda image: image
    return lambda image: table[image]


def split_maps(outputs: Sequence[npt.NDArray[Any]], interface: Interface) -> Maps:
    """The maps out of the output tensors of one image.

    Args:
        outputs: `(1, H, W, C)` each, in order.
        interface: of the network.

    Returns:
        Views of `(H, W)`.
    """
    return tuple(outputs[each.output][0, :, :, each.channel] for each in interface.maps)


def to_real(values: npt.NDArray[Any], quantization: Quantization | None) -> npt.NDArray[np.float32]:
    """Stored values of a map as real ones, float32 of the same shape."""
    if quantization is None:
        return values.astype(np.float32, copy=False)
    return (values.astype(np.float32) - np.float32(quantization.zero_point)) * np.float32(quantization.scale)


def real_maps(maps: Maps, interface: Interface) -> npt.NDArray[np.float32]:
    """All maps of one image as real values, `(M, H, W)` float32 from 0 to 1."""
    pairs = zip(maps, interface.maps, strict=True)
    return np.stack([to_real(values, each.quantization) for values, each in pairs])


def above(tensor: MapTensor, threshold: float) -> float:
    """The stored value that a map's own values must exceed where its real values exceed `threshold`."""
    if tensor.quantization is None:
        return threshold
    # q - zero is whole, so it exceeds threshold / scale just where it exceeds the whole part of that.
    return math.floor(threshold / tensor.quantization.scale) + tensor.quantization.zero_point


class MaskDecoder:
    """The maps of one network to its foreground: the mask, or the probability."""

    def __init__(self, interface: Interface) -> None:
        """Prepare for the maps of an interface.

        Args:
            interface: of the network.
        """
        self._interface = interface
        self._classes = interface.of(Meaning.CLASS)
        self._is_argmax = interface.decoder.kind is DecoderKind.ARGMAX
        scales = {interface.maps[number].quantization for number in self._classes}
        self._is_one_scale = len(scales) == 1
        if not self._is_argmax:
            (self._number,) = interface.of(Meaning.FOREGROUND)
            tensor = interface.maps[self._number]
            limit = above(tensor, interface.decoder.threshold)
            self._limit = limit if tensor.quantization is None else int(limit)

    def mask(self, maps: Maps) -> Mask:
        """The foreground, `(H, W)` bool: probability above the threshold, or any class but the first.

        Args:
            maps: `(H, W)` each, in order.
        """
        if not self._is_argmax:
            found: Mask = maps[self._number] > self._limit
            return found
        return np.asarray(self.classes(maps) != 0, np.bool_)

    def classes(self, maps: Maps) -> npt.NDArray[np.intp]:
        """The number of the most probable class of each pixel, `(H, W)`; of two alike the first."""
        chosen = [
            maps[number] if self._is_one_scale else to_real(maps[number], self._scale(number))
            for number in self._classes
        ]
        return np.asarray(np.argmax(np.stack(chosen), axis=0), np.intp)

    def probability(self, maps: Maps) -> npt.NDArray[np.float32]:
        """The probability of foreground, `(H, W)` float32: of classes, all but the first.

        Args:
            maps: `(H, W)` each, in order.
        """
        if not self._is_argmax:
            return to_real(maps[self._number], self._scale(self._number))
        others = [to_real(maps[number], self._scale(number)) for number in self._classes[1:]]
        return np.asarray(np.sum(others, axis=0), np.float32)

    def _scale(self, number: int) -> Quantization | None:
        return self._interface.maps[number].quantization
