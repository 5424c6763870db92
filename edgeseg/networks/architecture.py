"""The convolutions of a U-Net: how they are joined, how wide they are, and what they cost.

Plain arithmetic on a configuration, so that choosing a narrower network needs no TensorFlow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgeseg.networks.unet import UNetConfig

LOGITS = "logits"


@dataclass(frozen=True, slots=True, kw_only=True)
class Convolution:
    """One convolution and where its input comes from.

    Attributes:
        name: of its layers in the Keras model, without their endings.
        inputs: the convolutions whose channels it reads, concatenated in this order; none for the image.
        level: its output has `size >> level` pixels a side.
        kernel: height and width of the kernel.
        transposed: whether it doubles height and width.
    """

    name: str
    inputs: tuple[str, ...]
    level: int
    kernel: int = 3
    transposed: bool = False

    @property
    def normalized(self) -> bool:
        """Whether BatchNorm follows."""
        return not self.transposed and self.name != LOGITS


@lru_cache
def convolutions(levels: int, decoder: str) -> tuple[Convolution, ...]:
    """All convolutions in the order in which they are computed, `logits` last."""
    return tuple(_convolutions(levels, transposed=decoder == "transpose"))


def _convolutions(levels: int, *, transposed: bool) -> Iterator[Convolution]:
    last: tuple[str, ...] = ()
    for level in range(levels):
        block = "bottom" if level == levels - 1 else f"down{level}"
        yield Convolution(name=f"{block}a", inputs=last, level=level)
        yield Convolution(name=f"{block}b", inputs=(f"{block}a",), level=level)
        last = (f"{block}b",)
    for level in reversed(range(levels - 1)):
        kernel = 2 if transposed else 3
        yield Convolution(name=f"up{level}", inputs=last, level=level, kernel=kernel, transposed=transposed)
        yield Convolution(name=f"merge{level}a", inputs=(f"down{level}b", f"up{level}"), level=level)
        yield Convolution(name=f"merge{level}b", inputs=(f"merge{level}a",), level=level)
        last = (f"merge{level}b",)
    yield Convolution(name=LOGITS, inputs=last, level=0, kernel=1)


def full_widths(base_filters: int, levels: int, decoder: str) -> tuple[int, ...]:
    """Output channels of each convolution but `logits`: `base_filters`, doubled at each level below."""
    return tuple(base_filters << each.level for each in convolutions(levels, decoder)[:-1])


def layer_widths(network: UNetConfig) -> dict[str, int]:
    """Output channels of each convolution by name; `logits` has 1."""
    names = [each.name for each in convolutions(network.levels, network.decoder)]
    widths = network.widths or full_widths(network.base_filters, network.levels, network.decoder)
    return dict(zip(names, (*widths, 1), strict=True))


def count_macs(network: UNetConfig) -> int:
    """Multiply-accumulates of one inference at `network.input_size`: what the audit counts in the file."""
    return sum(_positions(network, each) * kernel for each, kernel in _kernel_sizes(network))


def channel_macs(network: UNetConfig) -> dict[str, float]:
    """Multiply-accumulates that one output channel takes part in, by convolution: made and read."""
    widths, macs = layer_widths(network), dict.fromkeys(layer_widths(network), 0.0)
    for each, kernel in _kernel_sizes(network):
        own = _positions(network, each) * kernel
        macs[each.name] += own / widths[each.name]
        for name in each.inputs:
            macs[name] += own / channels_in(each, widths)
    return macs


def count_parameters(network: UNetConfig) -> int:
    """Values that a file stores: kernels and biases, BatchNorm folded into them."""
    widths = layer_widths(network)
    return sum(kernel + widths[each.name] for each, kernel in _kernel_sizes(network))


def _positions(network: UNetConfig, convolution: Convolution) -> int:
    return (network.input_size >> (convolution.level + convolution.transposed)) ** 2


def _kernel_sizes(network: UNetConfig) -> Iterator[tuple[Convolution, int]]:
    widths = layer_widths(network)
    for each in convolutions(network.levels, network.decoder):
        yield each, each.kernel**2 * channels_in(each, widths) * widths[each.name]


def channels_in(convolution: Convolution, widths: Mapping[str, int]) -> int:
    """Input channels of a convolution, given the widths by name."""
    return sum(widths[name] for name in convolution.inputs) or 1
