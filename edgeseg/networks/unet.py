"""The U-Net (Ronneberger et al. 2015, doi 10.1007/978-3-319-24574-4_28) with BatchNorm."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from edgeseg.networks.layers import (
    IMAGE,
    LOGITS,
    PROBABILITY,
    Concatenation,
    Convolution,
    Layer,
    Layers,
    MaxPooling,
    Sigmoid,
    Upsampling,
)
from edgeseg.networks.network import Network
from edgeseg.networks.preset import Preset
from edgeseg.networks.training import TrainingConfig
from edgeseg.settings import check_choice, check_range

DECODERS = ("transpose", "bilinear")


@dataclass(frozen=True, slots=True, kw_only=True)
class UNetConfig(Network):
    """A U-Net.

    Attributes:
        base_filters: channels of the first level; each level below has twice as many.
        levels: resolutions, the bottom one included; the paper has 5.
        decoder: `transpose` (a transposed convolution, no BatchNorm behind it: quantization-aware training
            cannot fold it and leaves a float island) or `bilinear` (upsampling and a convolution).
    """

    family: ClassVar[str] = "unet"

    base_filters: int = 16
    levels: int = 5
    decoder: str = "transpose"

    def check(self) -> None:
        """Refuse settings that are out of range, with a `ConfigError`."""
        check_range("base_filters", self.base_filters, 1, 256)
        check_range("levels", self.levels, 2, 7)
        check_choice("decoder", self.decoder, DECODERS)

    @property
    def multiple(self) -> int:
        """Each level but the bottom one halves height and width."""
        return 1 << (self.levels - 1)

    @property
    def title(self) -> str:
        """`unet-16`, `unet-16-4levels-bilinear`."""
        parts = ["unet", str(self.base_filters)]
        if self.levels != 5:
            parts.append(f"{self.levels}levels")
        if self.decoder != "transpose":
            parts.append(self.decoder)
        return "-".join(parts)

    def design(self) -> Layers:
        """The layers at their full width."""
        return tuple(_design(self))


def _design(config: UNetConfig) -> Iterator[Layer]:
    last = IMAGE
    for level in range(config.levels - 1):
        yield from _block(last, f"down{level}", config.base_filters << level)
        yield MaxPooling(name=f"pool{level}", inputs=(f"down{level}b",))
        last = f"pool{level}"
    yield from _block(last, "bottom", config.base_filters << (config.levels - 1))
    last = "bottomb"
    for level in reversed(range(config.levels - 1)):
        width = config.base_filters << level
        if config.decoder == "transpose":
            yield Convolution(
                name=f"up{level}", inputs=(last,), channels=width, kernel=2, stride=2, transposed=True,
                normalized=False, activation="linear",
            )  # fmt: skip
        else:
            yield Upsampling(name=f"resize{level}", inputs=(last,))
            yield Convolution(name=f"up{level}", inputs=(f"resize{level}",), channels=width)
        yield Concatenation(name=f"skip{level}", inputs=(f"down{level}b", f"up{level}"))
        yield from _block(f"skip{level}", f"merge{level}", width)
        last = f"merge{level}b"
    yield Convolution(
        name=LOGITS, inputs=(last,), channels=config.maps, kernel=1, normalized=False, activation="linear"
    )
    yield Sigmoid(name=PROBABILITY, inputs=(LOGITS,))


def _block(last: str, name: str, width: int) -> Iterator[Layer]:
    yield Convolution(name=f"{name}a", inputs=(last,), channels=width)
    yield Convolution(name=f"{name}b", inputs=(f"{name}a",), channels=width)


#: `unet-64` trains as the paper did: 31.0 M parameters, Adam, BCE, 100 epochs, batch 8, whole images.
#: The smaller ones are for two cores and for a Raspberry Pi, with what worked best on nih3t3_phase.
PRESETS: Mapping[str, Preset] = types.MappingProxyType(
    {
        "unet-64": Preset(
            network=UNetConfig(base_filters=64),
            training=TrainingConfig(
                optimizer="adam", loss="bce", schedule="paper", learning_rate=1e-4, epochs=100, crop_size=0
            ),
        ),
        "unet-32": Preset(network=UNetConfig(base_filters=32), training=TrainingConfig()),
        "unet-16": Preset(network=UNetConfig(base_filters=16), training=TrainingConfig()),
        "unet-8": Preset(network=UNetConfig(base_filters=8), training=TrainingConfig()),
    }
)
