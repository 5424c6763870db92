"""A network and a way to train it, under one name; and what `--set key=value` changes in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from edgeseg.model.preprocessing import Preprocessing
from edgeseg.networks.network import Network
from edgeseg.networks.training import TrainingConfig
from edgeseg.settings import names_of, parse_value, split_setting

#: Settings of a network that the data and the task decide.
_DECIDED = ("channels", "maps")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A network and a way to train it."""

    network: Network
    training: TrainingConfig


def override(base: Preset, settings: Iterable[str]) -> Preset:
    """Change settings of a preset: `epochs=5`, `base_filters=24`, `preprocessing.kind=percentile`.

    Args:
        base: the preset.
        settings: `key=value` texts; later ones win.

    Raises:
        ConfigError: no `=`, no such key, or a value that is not of the key's type.
    """
    valid = [*network_settings(type(base.network)), *training_settings()]
    for setting in settings:
        base = _override_one(base, *split_setting(setting, valid))
    return base


def _override_one(base: Preset, key: str, text: str) -> Preset:
    owner, _, name = key.rpartition(".")
    if owner == "preprocessing":
        changed = replace(base.training.preprocessing, **parse_value(Preprocessing, key, name, text))
        return replace(base, training=replace(base.training, preprocessing=changed))
    family = type(base.network)
    if key in names_of(family):
        return replace(base, network=replace(base.network, **parse_value(family, key, key, text)))
    return replace(base, training=replace(base.training, **parse_value(TrainingConfig, key, key, text)))


def network_settings(family: type[Network]) -> list[str]:
    """The keys of a family's configuration that a user may set."""
    return [name for name in names_of(family) if name not in _DECIDED]


def training_settings() -> list[str]:
    """The keys of how to train."""
    inner = [f"preprocessing.{name}" for name in names_of(Preprocessing)]
    return [*(name for name in names_of(TrainingConfig) if name != "preprocessing"), *inner]
