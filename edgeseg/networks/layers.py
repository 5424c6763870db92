"""The layers of a network as plain data, and what follows from them.

Everything that is made of a network (the Keras model, its costs, its folded and its rounded form, what can be
cut from it) walks these layers, and knows no family.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

T = TypeVar("T")

#: What the first layers read.
IMAGE = "image"

#: By convention, the layer that makes the maps, before the sigmoid; and the last layer.
LOGITS, PROBABILITY = "logits", "probability"


@dataclass(frozen=True, slots=True, kw_only=True)
class Convolution:
    """A convolution with "same" padding, and the BatchNorm and activation behind it.

    Attributes:
        name: of the layer.
        inputs: the one layer that it reads.
        channels: of its output.
        kernel: height and width of the kernel, pixels.
        stride: height and width are divided by it, or multiplied by it where `transposed`.
        transposed: whether it is a transposed convolution.
        normalized: whether BatchNorm follows; then the convolution itself has no bias.
        activation: `relu` or `linear`.
    """

    name: str
    inputs: tuple[str]
    channels: int
    kernel: int = 3
    stride: int = 1
    transposed: bool = False
    normalized: bool = True
    activation: str = "relu"

    @property
    def kernel_layer(self) -> str:
        """The name of the Keras layer that holds its kernel."""
        return f"{self.name}_conv" if self.normalized else self.name

    @property
    def norm_layer(self) -> str:
        """The name of the Keras layer of its BatchNorm, where it has one."""
        return f"{self.name}_norm"


@dataclass(frozen=True, slots=True, kw_only=True)
class MaxPooling:
    """The largest of 2x2 pixels."""

    name: str
    inputs: tuple[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upsampling:
    """Bilinear, to twice the height and width."""

    name: str
    inputs: tuple[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Concatenation:
    """The channels of several layers of one size, one after another."""

    name: str
    inputs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DepthToSpace:
    """Channels become pixels: `block` times the height and width, `block`² times fewer channels.

    Input channel `(y * block + x) * maps + m` becomes the pixel `(y, x)` of each block in output channel
    `m`, with `maps` output channels.
    """

    name: str
    inputs: tuple[str]
    block: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sigmoid:
    """A probability for each value."""

    name: str
    inputs: tuple[str]


Layer = Convolution | MaxPooling | Upsampling | Concatenation | DepthToSpace | Sigmoid

#: Layers in the order in which they are computed; the last one's output is the network's.
Layers = tuple[Layer, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """Of a layer's output: height and width in pixels, and channels."""

    size: int
    channels: int


def walk(layers: Iterable[Layer], image: T, compute: Callable[[Layer, list[T]], T]) -> dict[str, T]:
    """Compute something for each layer from that of the layers that it reads.

    Args:
        layers: in the order in which they are computed.
        image: what the network's input has.
        compute: makes it for one layer, from its inputs' in order.

    Returns:
        By layer, in the same order; `IMAGE` comes first.
    """
    known = {IMAGE: image}
    for each in layers:
        known[each.name] = compute(each, [known[name] for name in each.inputs])
    return known


def convolutions(layers: Iterable[Layer]) -> tuple[Convolution, ...]:
    """The layers with weights, in order."""
    return tuple(each for each in layers if isinstance(each, Convolution))


def shapes(layers: Iterable[Layer], image: Shape) -> dict[str, Shape]:
    """The shape of each layer's output, from that of the image."""
    return walk(layers, image, _shape)


def _shape(layer: Layer, inputs: Sequence[Shape]) -> Shape:
    size, channels = inputs[0].size, sum(each.channels for each in inputs)
    match layer:
        case Convolution(transposed=True):
            return Shape(size * layer.stride, layer.channels)
        case Convolution():
            return Shape(-(-size // layer.stride), layer.channels)
        case MaxPooling():
            return Shape(size // 2, channels)
        case Upsampling():
            return Shape(2 * size, channels)
        case DepthToSpace():
            return Shape(size * layer.block, channels // layer.block**2)
        case Concatenation() | Sigmoid():
            return Shape(size, channels)


@dataclass(frozen=True, slots=True)
class Source:
    """Some channels of a tensor, and the layer that made them: a convolution, `DepthToSpace`, the image."""

    layer: str
    channels: int


def sources(layers: Iterable[Layer], image_channels: int) -> dict[str, tuple[Source, ...]]:
    """Where the channels of each layer's output come from, in their order."""

    def trace(layer: Layer, inputs: Sequence[tuple[Source, ...]]) -> tuple[Source, ...]:
        match layer:
            case Convolution():
                return (Source(layer.name, layer.channels),)
            case DepthToSpace():
                channels = sum(each.channels for each in inputs[0])
                return (Source(layer.name, channels // layer.block**2),)
            case _:
                return tuple(source for each in inputs for source in each)

    return walk(layers, (Source(IMAGE, image_channels),), trace)


def cuttable(layers: Layers) -> tuple[Convolution, ...]:
    """The convolutions that may lose single channels, in order.

    Not those that make the network's output, nor those that `DepthToSpace` reads: each of its output channels
    needs all of its input channels.
    """
    made_by = sources(layers, 1)
    whole = [layers[-1].name, *(each.inputs[0] for each in layers if isinstance(each, DepthToSpace))]
    kept = {source.layer for name in whole for source in made_by[name]}
    return tuple(each for each in convolutions(layers) if each.name not in kept)


def narrowed(layers: Layers, widths: Mapping[str, int]) -> Layers:
    """The same layers with other channels in the convolutions that `widths` names."""
    return tuple(
        replace(each, channels=widths[each.name])
        if isinstance(each, Convolution) and each.name in widths
        else each
        for each in layers
    )
