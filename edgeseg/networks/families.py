"""The families of networks, their presets, and networks from stored data."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgeseg.errors import ConfigError
from edgeseg.networks import pocket, unet
from edgeseg.networks.network import Network
from edgeseg.networks.preset import Preset, network_settings, training_settings
from edgeseg.settings import check_choice


@dataclass(frozen=True, slots=True)
class Family:
    """A family: the class of its configurations, and its presets by name."""

    config: type[Network]
    presets: Mapping[str, Preset]


_ALL = (
    Family(unet.UNetConfig, unet.PRESETS),
    Family(pocket.PocketConfig, pocket.PRESETS),
)

#: By name.
FAMILIES: Mapping[str, Family] = types.MappingProxyType({each.config.family: each for each in _ALL})

#: All families' presets by name.
PRESETS: Mapping[str, Preset] = types.MappingProxyType(
    {name: preset for each in _ALL for name, preset in each.presets.items()}
)


def network_from_dict(value: Any) -> Network:
    """A network's configuration from `Network.to_dict`'s data.

    Raises:
        ConfigError: no such family, or a key or value that does not fit.
    """
    if not isinstance(value, Mapping):
        raise ConfigError(f"expected stored settings of a network, but got {value!r}")
    # Version 0.1 knew one family and did not name it.
    family = value.get("family", unet.UNetConfig.family)
    check_choice("network family", str(family), FAMILIES)
    return FAMILIES[str(family)].config.from_dict(value)


def preset(name: str) -> Preset:
    """A preset by name; `ConfigError` names the nearest one where there is none."""
    check_choice("preset", name, PRESETS)
    return PRESETS[name]


def setting_names() -> list[str]:
    """Every key that `preset.override` takes, of any family."""
    networks = (name for each in _ALL for name in network_settings(each.config))
    return [*dict.fromkeys(networks), *training_settings()]
