"""What to train and how: two frozen dataclasses, presets as constants, unknown keys refused.

They sit on the edge side, so that help texts and metadata need no TensorFlow.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from edgeseg.errors import ConfigError
from edgeseg.networks import architecture
from edgeseg.settings import check_choice, check_range, from_stored, names_of, parse_value, split_setting

DECODERS = ("transpose", "bilinear")
LOSSES = ("bce", "dice-bce", "dice-focal", "jaccard-bce")
OPTIMIZERS = ("adam", "nadam", "rmsprop", "adagrad")
SCHEDULES = ("cosine", "study")
PREPROCESSINGS = ("scale", "percentile")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preprocessing:
    """How an image is prepared.

    Attributes:
        kind: `scale` leaves grey values alone; `percentile` stretches every image between two of its
            own percentiles, for data whose brightness differs from image to image.
        low: lower percentile, 0 to 100; goes to 0.
        high: upper percentile, 0 to 100; goes to 255.
        min_range: the least distance in grey values between the two, so that an empty dark image is
            not stretched into noise.
    """

    kind: str = "scale"
    low: float = 1.0
    high: float = 99.8
    min_range: int = 16

    def __post_init__(self) -> None:
        check_choice("preprocessing", self.kind, PREPROCESSINGS)
        if not 0 <= self.low < self.high <= 100:
            raise ConfigError(f"expected 0 <= low < high <= 100 percentiles, but got {self.low}, {self.high}")
        if not 1 <= self.min_range <= 255:
            raise ConfigError(f"expected min_range from 1 to 255, but got {self.min_range}")

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> Preprocessing:
        """From `to_dict`'s data; `ConfigError` on a key or value that does not fit."""
        return from_stored(cls, value)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingConfig:
    """How to train.

    Attributes:
        optimizer: `adam`, `nadam`, `rmsprop` or `adagrad`.
        loss: `bce`, `dice-bce`, `dice-focal` or `jaccard-bce`.
        schedule: `cosine` falls to zero; `study` holds the learning rate for the first 40 % of the
            epochs (40 of 100), then lets it fall exponentially to a thousandth (1e-4 to 1e-7).
        learning_rate: at the start; the study has 1e-4.
        epochs: passes over the training images.
        batch_size: crops a step.
        crop_size: height and width of the random crop, pixels; 0 trains on whole images.
        flip: random horizontal and vertical flips.
        rotate: random right-angle rotations.
        brightness: greatest shift, as a share of the range of grey values.
        contrast: greatest relative change of contrast about the crop's mean.
        seed: of weights, order and augmentation.
        mixed_precision: float16 arithmetic with float32 weights; for GPUs.
        xla: compile the step with XLA.
        preprocessing: the one that calibration, bench and prediction use too.
    """

    optimizer: str = "rmsprop"
    loss: str = "jaccard-bce"
    schedule: str = "cosine"
    learning_rate: float = 1e-3
    epochs: int = 20
    batch_size: int = 8
    crop_size: int = 128
    flip: bool = True
    rotate: bool = True
    brightness: float = 0.1
    contrast: float = 0.2
    seed: int = 0
    mixed_precision: bool = False
    xla: bool = False
    preprocessing: Preprocessing = field(default_factory=Preprocessing)

    def __post_init__(self) -> None:
        check_choice("optimizer", self.optimizer, OPTIMIZERS)
        check_choice("loss", self.loss, LOSSES)
        check_choice("schedule", self.schedule, SCHEDULES)
        check_range("learning_rate", self.learning_rate, 1e-9, 10)
        check_range("epochs", self.epochs, 1, 100_000)
        check_range("batch_size", self.batch_size, 1, 4096)
        check_range("crop_size", self.crop_size, 0, 8192)
        check_range("brightness", self.brightness, 0, 1)
        check_range("contrast", self.contrast, 0, 1)
        check_range("seed", self.seed, 0, 2**31 - 1)

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        """From `to_dict`'s data; `ConfigError` on a key or value that does not fit."""
        value = dict(value)
        if isinstance(value.get("preprocessing"), Mapping):
            value["preprocessing"] = Preprocessing.from_dict(dict(value["preprocessing"]))
        return from_stored(cls, value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A network and a way to train it, under one name."""

    network: UNetConfig
    training: TrainingConfig


#: `unet-64` trains as the study did: 31.0 M parameters, Adam, BCE, 100 epochs, batch 8, whole images.
#: The smaller ones are for two cores and for a Raspberry Pi, with what worked best on nih3t3_phase.
PRESETS: Mapping[str, Preset] = types.MappingProxyType(
    {
        "unet-64": Preset(
            network=UNetConfig(base_filters=64),
            training=TrainingConfig(
                optimizer="adam", loss="bce", schedule="study", learning_rate=1e-4, epochs=100, crop_size=0
            ),
        ),
        "unet-32": Preset(network=UNetConfig(base_filters=32), training=TrainingConfig()),
        "unet-16": Preset(network=UNetConfig(base_filters=16), training=TrainingConfig()),
        "unet-8": Preset(network=UNetConfig(base_filters=8), training=TrainingConfig()),
    }
)


def preset(name: str) -> Preset:
    """A preset by name; `ConfigError` names the nearest one where there is none."""
    check_choice("preset", name, PRESETS)
    return PRESETS[name]


def override(base: Preset, settings: Iterable[str]) -> Preset:
    """Change settings of a preset: `epochs=5`, `base_filters=24`, `preprocessing.kind=percentile`.

    Args:
        base: the preset.
        settings: `key=value` texts; later ones win.

    Raises:
        ConfigError: no `=`, no such key, or a value that is not of the key's type.
    """
    for setting in settings:
        base = _override_one(base, *split_setting(setting, setting_names()))
    return base


def _override_one(base: Preset, key: str, text: str) -> Preset:
    owner, _, name = key.rpartition(".")
    if owner == "preprocessing":
        changed = replace(base.training.preprocessing, **parse_value(Preprocessing, key, name, text))
        return replace(base, training=replace(base.training, preprocessing=changed))
    if key in names_of(UNetConfig):
        return replace(base, network=replace(base.network, **parse_value(UNetConfig, key, key, text)))
    return replace(base, training=replace(base.training, **parse_value(TrainingConfig, key, key, text)))


def setting_names() -> list[str]:
    """Every key that `override` takes."""
    inner = [f"preprocessing.{name}" for name in names_of(Preprocessing)]
    outer = [name for name in names_of(TrainingConfig) if name != "preprocessing"]
    return [*names_of(UNetConfig), *outer, *inner]
