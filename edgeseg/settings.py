"""Settings in frozen dataclasses: checking values, and reading `key=value` texts into them."""

from __future__ import annotations

import typing
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, TypeVar

from edgeseg.errors import ConfigError, nearest

T = TypeVar("T")


def check_choice(what: str, value: str, valid: Iterable[str]) -> None:
    """Refuse a name that does not exist, with a `ConfigError` that names the nearest."""
    if value not in valid:
        raise ConfigError(f"no {what} '{value}'; {nearest(value, valid)}")


def check_range(what: str, value: float, low: float, high: float | None = None) -> None:
    """Refuse a number out of range, or NaN, with a `ConfigError` that names `what`.

    Args:
        what: it is, for the sentence.
        value: the number.
        low: the least.
        high: the greatest; `None`: there is none.
    """
    if not (low <= value and (high is None or value <= high)):
        limits = f"of {_figure(low)} or more" if high is None else f"from {_figure(low)} to {_figure(high)}"
        raise ConfigError(f"expected {what} {limits}, but got {_figure(value)}")


def _figure(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:g}"


def names_of(kind: type[Any]) -> list[str]:
    """The settings of a configuration class."""
    return [each.name for each in fields(kind)]


def split_setting(setting: str, valid: Iterable[str]) -> tuple[str, str]:
    """Key and value of a `key=value` text.

    Raises:
        ConfigError: no `=`, or a key that is none of the `valid` ones.
    """
    key, equals, text = (part.strip() for part in setting.partition("="))
    if not equals:
        raise ConfigError(f"expected --set key=value, but got '{setting}'")
    check_choice("setting", key, list(valid))
    return key, text


def parse_value(kind: type[Any], key: str, name: str, text: str) -> dict[str, Any]:
    """A text as the value of a field of a configuration class, ready for `replace`.

    Args:
        kind: the class.
        key: the setting as the user typed it, for the sentence.
        name: the field.
        text: the value.

    Raises:
        ConfigError: the text is no value of the field's type.
    """
    wanted = typing.get_type_hints(kind)[name]
    try:
        if wanted is bool:
            return {name: {"true": True, "false": False}[text.lower()]}
        if typing.get_origin(wanted) is tuple:
            return {name: tuple(int(each) for each in text.strip("()[] ").split(",") if each.strip())}
        return {name: wanted(text)}
    except (KeyError, ValueError):
        raise ConfigError(f"expected {key} as {wanted.__name__}, but got '{text}'") from None


def from_stored(cls: type[T], value: Any) -> T:
    """A configuration from stored data.

    Raises:
        ConfigError: the data is no mapping, or has a key or a value that this version does not know.
    """
    if not isinstance(value, Mapping):
        raise ConfigError(f"expected stored settings of {cls.__name__}, but got {value!r}")
    for key in value:
        if key not in names_of(cls):
            raise ConfigError(f"no setting '{key}' in {cls.__name__}; {nearest(key, names_of(cls))}")
    try:
        return cls(**value)
    except TypeError as error:  # a text compared with a number
        raise ConfigError(f"the stored settings of {cls.__name__} do not fit: {error}") from error
