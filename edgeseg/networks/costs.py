"""What layers cost: the figures that the audit counts in the file that is made of them."""

from __future__ import annotations

from collections.abc import Iterator

from edgeseg.networks.layers import Convolution, Layers, Shape, convolutions, shapes, sources

#: What a float32 file holds beside its weights: for itself, for each layer, and for each convolution. Eight
#: networks of both families, with 6 to 23 convolutions, had 250 to 530 bytes less than these make.
FILE_BYTES, LAYER_BYTES, CONVOLUTION_BYTES = 600, 140, 60


def count_macs(layers: Layers, image: Shape) -> int:
    """Multiply-accumulates of one inference.

    Args:
        layers: of the network.
        image: that it is given.
    """
    return sum(positions * kernel for _, positions, kernel in _kernels(layers, image))


def channel_macs(layers: Layers, image: Shape) -> dict[str, float]:
    """Multiply-accumulates that one output channel takes part in, by convolution: made and read."""
    read = sources(layers, image.channels)
    widths = {each.name: each.channels for each in convolutions(layers)}
    macs = dict.fromkeys(widths, 0.0)
    for each, positions, kernel in _kernels(layers, image):
        macs[each.name] += positions * kernel / each.channels
        inputs = read[each.inputs[0]]
        for source in inputs:
            if source.layer in macs:
                macs[source.layer] += positions * kernel / sum(one.channels for one in inputs)
    return macs


def count_parameters(layers: Layers, channels: int) -> int:
    """Values that a file stores: kernels and biases, BatchNorm folded into them.

    Args:
        layers: of the network.
        channels: of the image.
    """
    # Any size will do that no pooling makes 0.
    return sum(kernel + each.channels for each, _, kernel in _kernels(layers, Shape(1 << 16, channels)))


def file_bytes(layers: Layers, channels: int) -> int:
    """How large the float32 file becomes, an estimate that errs upwards by 500 bytes; arguments as above."""
    beside = FILE_BYTES + LAYER_BYTES * len(layers) + CONVOLUTION_BYTES * len(convolutions(layers))
    return 4 * count_parameters(layers, channels) + beside


def _kernels(layers: Layers, image: Shape) -> Iterator[tuple[Convolution, int, int]]:
    """Each convolution, the pixels that its kernel is moved to, and the weights of the kernel."""
    known = shapes(layers, image)
    for each in convolutions(layers):
        read, made = known[each.inputs[0]], known[each.name]
        positions = (read if each.transposed else made).size ** 2
        yield each, positions, each.kernel**2 * read.channels * each.channels
