"""Values as they stand in budgets.toml: `2_000_000`, `"2 MB"`, `"2 %"`, `"1.5 ms"`, lists of operators."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from edgeseg.bench.figure import Figure
from edgeseg.bench.readers import Value
from edgeseg.errors import ConfigError

_UNITS = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)", re.IGNORECASE)
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%")
_MILLISECONDS = re.compile(r"(\d+(?:\.\d+)?)\s*ms")

#: Unit -> what is valid, for the sentence.
_EXPECTED = {
    "bytes": 'bytes as 2_000_000 or "2 MB"',
    "count": "a whole number from 0",
    "share": "a number from 0 to 1",
    "ms": 'milliseconds as 1.5 or "1.5 ms"',
    "kinds": 'a list of operators as ["CONV_2D", "LOGISTIC"]',
    "words": "a text",
}


def expected(figure: Figure[Any]) -> str:
    """What is a value of this metric, for sentences."""
    return "a number from 0" if figure.unbounded else _EXPECTED[figure.unit]


def parse_value(figure: Figure[Any], value: object) -> Value | None:
    """A value of this metric, or `None` where it cannot be one."""
    if figure.unit == "kinds":
        return parse_kinds(value)
    if figure.unit == "words":
        return value if isinstance(value, str) else None
    return parse_amount(figure, value)


def parse_amount(figure: Figure[Any], value: object) -> float | None:
    """A number of this metric's unit, or `None` where it cannot be one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return _parse_text(figure, value)
    if figure.whole:
        return value if isinstance(value, int) and value >= 0 else None
    most = 1 if figure.unit == "share" and not figure.unbounded else 1e9
    return float(value) if isinstance(value, int | float) and 0 <= value <= most else None


def _parse_text(figure: Figure[Any], text: str) -> float | None:
    if figure.unit == "bytes":
        return parse_size(text)
    match = _MILLISECONDS.fullmatch(text.strip()) if figure.unit == "ms" else None
    return float(match[1]) if match else None


def parse_size(text: str) -> int | None:
    """Bytes of `2 MB` (10^6), `512 KiB` (2^10), ...; `None` for any other text."""
    match = _SIZE.fullmatch(text.strip())
    factor = _UNITS.get(match[2].lower()) if match else None
    return round(float(match[1]) * factor) if match and factor else None


def parse_percent(value: object) -> float | None:
    """`2.0` of `"2 %"`; `None` for anything else."""
    match = _PERCENT.fullmatch(value.strip()) if isinstance(value, str) else None
    return float(match[1]) if match else None


def parse_kinds(value: object) -> tuple[str, ...] | None:
    """Names of operators, each once, sorted; `None` where it is no list of texts."""
    if not isinstance(value, list | tuple) or not all(isinstance(name, str) and name for name in value):
        return None
    return tuple(sorted(set(value)))


def parse_tables(tables: object, name: str, path: Path) -> dict[str, dict[str, Any]]:
    """Tables by name; `ConfigError` where it is something else, mostly for want of quotes."""
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise ConfigError(f"expected tables [{name}] in {path}, with the quotes")
    return tables
