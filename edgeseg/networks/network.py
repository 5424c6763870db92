"""What every family's configuration has and can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any, ClassVar, Self

from edgeseg.errors import ConfigError
from edgeseg.networks import costs
from edgeseg.networks.layers import Layers, Shape, cuttable, narrowed
from edgeseg.settings import check_range, from_stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Network(ABC):
    """A network that can be built.

    A family derives from it: `family`, `check`, `multiple`, `title` and `design` are what it states.

    Attributes:
        family: its name in stored configurations.
        input_size: height and width of the exported file's input, in pixels.
        channels: of the image: 1 for grey, 3 for colour. The data decide it.
        maps: that it predicts, each 0 to 1. The task decides it.
        widths: channels of each convolution that can lose some (`layers.cuttable`), in order, where they are
            fewer than the other settings give: a slimmed network.
    """

    family: ClassVar[str]

    input_size: int = 256
    channels: int = 1
    maps: int = 1
    widths: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        self.check()
        check_range("channels", self.channels, 1, 64)
        check_range("maps", self.maps, 1, 255)
        check_range("input_size", self.input_size, self.multiple, 8192)
        if self.input_size % self.multiple:
            raise ConfigError(
                f"expected an input_size divisible by {self.multiple}, but got {self.input_size}"
            )
        if self.widths:
            full = cuttable(self.design())
            if len(self.widths) != len(full):
                raise ConfigError(
                    f"expected {len(full)} widths, one for each convolution, but got {len(self.widths)}"
                )
            for width, most in zip(self.widths, full, strict=True):
                check_range("each of the widths", width, 1, most.channels)

    @abstractmethod
    def check(self) -> None:
        """Refuse settings of the family that are out of range, with a `ConfigError`."""

    @property
    @abstractmethod
    def multiple(self) -> int:
        """Height and width of any input must be multiples of this many pixels."""

    @property
    @abstractmethod
    def title(self) -> str:
        """What the settings of the family are called in names: `unet-16`."""

    @abstractmethod
    def design(self) -> Layers:
        """The layers at their full width."""

    @property
    def layers(self) -> Layers:
        """The layers as they are built: with `widths`."""
        return _layers(self)

    @property
    def image(self) -> Shape:
        """What the exported file is given."""
        return Shape(self.input_size, self.channels)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference at `input_size`."""
        return costs.count_macs(self.layers, self.image)

    @property
    def parameters(self) -> int:
        """Values that a file stores: kernels and biases, BatchNorm folded into them."""
        return costs.count_parameters(self.layers, self.channels)

    @property
    def file_bytes(self) -> int:
        """How large its float32 file becomes, an estimate that errs upwards by a few kB."""
        return costs.file_bytes(self.layers, self.channels)

    @property
    def name(self) -> str:
        """`unet-16`; what differs is added: `unet-16-4maps`, `unet-16-slim25` (% of the MACs)."""
        parts = [self.title]
        if self.channels != 1:
            parts.append(f"{self.channels}channels")
        if self.maps != 1:
            parts.append(f"{self.maps}maps")
        if self.widths:
            parts.append(f"slim{100 * self.macs / replace(self, widths=()).macs:.0f}")
        return "-".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data, for `families.network_from_dict`."""
        values = {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(self).items()}
        return {"family": self.family, **values}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        """From `to_dict`'s data of this family; `ConfigError` on a key or value that does not fit."""
        own = {key: tuple(v) if isinstance(v, list) else v for key, v in value.items() if key != "family"}
        return from_stored(cls, own)


@lru_cache
def _layers(network: Network) -> Layers:
    full = network.design()
    if not network.widths:
        return full
    names = (each.name for each in cuttable(full))
    return narrowed(full, dict(zip(names, network.widths, strict=True)))
