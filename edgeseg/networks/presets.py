"""A network and a way to train it, under one name; and what `--set key=value` changes in it."""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from edgeseg.model.preprocessing import Preprocessing
from edgeseg.networks.training import TrainingConfig
from edgeseg.networks.unet import UNetConfig
from edgeseg.settings import check_choice, names_of, parse_value, split_setting


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
