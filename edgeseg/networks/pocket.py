"""Pocket networks: a U-Net at a half or a quarter of the resolution, for the least time and bytes.

A convolution of stride 2 or 4 (the stem) makes the image small; at the end, each pixel of the small network
becomes a block of pixels (`DepthToSpace`).
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from edgeseg.errors import ConfigError
from edgeseg.networks.layers import (
    IMAGE,
    LOGITS,
    PROBABILITY,
    Concatenation,
    Convolution,
    DepthToSpace,
    Layer,
    Layers,
    MaxPooling,
    Sigmoid,
)
from edgeseg.networks.network import Network
from edgeseg.networks.preset import Preset
from edgeseg.networks.training import TrainingConfig
from edgeseg.settings import check_range

STEMS = (2, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class PocketConfig(Network):
    """A pocket network.

    Attributes:
        stem: stride of the first convolution, 2 or 4.
        filters: channels by level, from the resolution of the stem to the bottom.
        blocks: 3x3 convolutions by level; above the bottom, as many on the way down as on the way up.
    """

    family: ClassVar[str] = "pocket"

    stem: int = 4
    filters: tuple[int, ...] = (16, 24, 32, 48)
    blocks: tuple[int, ...] = (2, 2, 1, 2)

    def check(self) -> None:
        """Refuse settings that are out of range, with a `ConfigError`."""
        if self.stem not in STEMS:
            raise ConfigError(f"expected stem 2 or 4, but got {self.stem}")
        check_range("the number of filters", len(self.filters), 2, 7)
        if len(self.blocks) != len(self.filters):
            raise ConfigError(
                f"expected as many blocks as filters, one for each level, but got {len(self.blocks)} blocks "
                f"and {len(self.filters)} filters"
            )
        for each in self.filters:
            check_range("each of the filters", each, 1, 1024)
        for each in self.blocks:
            check_range("each of the blocks", each, 1, 8)

    @property
    def multiple(self) -> int:
        """The stem divides height and width, and each level but the bottom one halves them."""
        return self.stem << (len(self.filters) - 1)

    @property
    def title(self) -> str:
        """`pocket`; what differs from it is added: `pocket-stem2-8x16x24-1x1x2blocks`."""
        parts = ["pocket"]
        if self.stem != 4:
            parts.append(f"stem{self.stem}")
        if self.filters != (16, 24, 32, 48):
            parts.append("x".join(map(str, self.filters)))
        if self.blocks != (2, 2, 1, 2):
            parts.append(f"{'x'.join(map(str, self.blocks))}blocks")
        return "-".join(parts)

    def design(self) -> Layers:
        """The layers at their full width."""
        return tuple(_design(self))


def _design(config: PocketConfig) -> Iterator[Layer]:
    yield Convolution(
        name="stem", inputs=(IMAGE,), channels=config.filters[0], kernel=config.stem + 1, stride=config.stem
    )
    last, bottom, skips = "stem", len(config.filters) - 1, {}
    for level in range(bottom):
        for layer in _block(last, f"down{level}", config, level):
            yield layer
            last = layer.name
        skips[level] = last
        yield MaxPooling(name=f"pool{level}", inputs=(last,))
        last = f"pool{level}"
    for layer in _block(last, "bottom", config, bottom):
        yield layer
        last = layer.name
    for level in reversed(range(bottom)):
        # No BatchNorm behind it: quantization-aware training cannot fold it and leaves a float island.
        yield Convolution(
            name=f"up{level}", inputs=(last,), channels=config.filters[level], kernel=2, stride=2,
            transposed=True, normalized=False, activation="linear",
        )  # fmt: skip
        yield Concatenation(name=f"skip{level}", inputs=(skips[level], f"up{level}"))
        last = f"skip{level}"
        for layer in _block(last, f"merge{level}", config, level):
            yield layer
            last = layer.name
    yield Convolution(
        name=LOGITS, inputs=(last,), channels=config.maps * config.stem**2, kernel=1, normalized=False,
        activation="linear",
    )  # fmt: skip
    yield DepthToSpace(name="pixels", inputs=(LOGITS,), block=config.stem)
    yield Sigmoid(name=PROBABILITY, inputs=("pixels",))


def _block(last: str, name: str, config: PocketConfig, level: int) -> Iterator[Layer]:
    for letter in "abcdefgh"[: config.blocks[level]]:
        yield Convolution(name=f"{name}{letter}", inputs=(last,), channels=config.filters[level])
        last = f"{name}{letter}"


PRESETS: Mapping[str, Preset] = types.MappingProxyType(
    {
        "pocket": Preset(
            network=PocketConfig(),
            training=TrainingConfig(optimizer="adam", learning_rate=2e-3, epochs=200, crop_size=192),
        ),
    }
)
