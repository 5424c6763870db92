"""The U-Net (Ronneberger et al. 2015, doi 10.1007/978-3-319-24574-4_28) with BatchNorm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from edgeseg.errors import ConfigError
from edgeseg.networks import architecture
from edgeseg.settings import check_choice, check_range, from_stored

DECODERS = ("transpose", "bilinear")


@dataclass(frozen=True, slots=True, kw_only=True)
class UNetConfig:
    """The network.

    Attributes:
        base_filters: channels of the first level; each level below has twice as many.
        levels: resolutions, the bottom one included; the study has 5.
        decoder: `transpose` (Conv2DTranspose, no BatchNorm behind it: field experience with
            quantization-aware training) or `bilinear` (UpSampling2D and a convolution).
        input_size: height and width of the exported file's input, in pixels.
        widths: channels of each convolution in order (`architecture.convolutions`, without the last) where
            they are fewer than `base_filters` gives: a slimmed network.
    """

    base_filters: int = 16
    levels: int = 5
    decoder: str = "transpose"
    input_size: int = 256
    widths: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        check_range("base_filters", self.base_filters, 1, 256)
        check_range("levels", self.levels, 2, 7)
        check_choice("decoder", self.decoder, DECODERS)
        check_range("input_size", self.input_size, self.multiple, 8192)
        if self.input_size % self.multiple:
            raise ConfigError(
                f"expected an input_size divisible by {self.multiple} (2^(levels-1)), "
                f"but got {self.input_size}"
            )
        if self.widths:
            full = architecture.full_widths(self.base_filters, self.levels, self.decoder)
            if len(self.widths) != len(full):
                raise ConfigError(
                    f"expected {len(full)} widths, one for each convolution, but got {len(self.widths)}"
                )
            for width, most in zip(self.widths, full, strict=True):
                check_range("each of the widths", width, 1, most)

    @property
    def multiple(self) -> int:
        """Height and width of any input must be multiples of this many pixels."""
        return 1 << (self.levels - 1)

    @property
    def name(self) -> str:
        """`unet-16`; what differs is added: `unet-16-bilinear`, `unet-16-slim25` (% of the MACs)."""
        parts = ["unet", str(self.base_filters)]
        if self.levels != 5:
            parts.append(f"{self.levels}levels")
        if self.decoder != "transpose":
            parts.append(self.decoder)
        if self.widths:
            share = architecture.count_macs(self) / architecture.count_macs(replace(self, widths=()))
            parts.append(f"slim{100 * share:.0f}")
        return "-".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data."""
        return asdict(self) | {"widths": list(self.widths)}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        """From `to_dict`'s data; `ConfigError` on a key or value that does not fit."""
        return from_stored(cls, {**value, "widths": tuple(value.get("widths", ()))})
