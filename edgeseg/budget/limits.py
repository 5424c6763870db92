"""budgets.toml: limits by file name pattern, and the baseline that relative limits start from.

[models."*int8-ptq.tflite"]         # a pattern for file names (*, ?, [...]); every one that fits applies
max_bytes = "2 MB"                  # absolute: bytes, or a text with kB, MB, KiB, MiB
max_gzip_bytes = 1_900_000
max_float_operators = 0
max_partitions = 1
min_dice = 0.86                     # pooled, from 0 to 1
max_growth_bytes = "2 %"            # relative to the baseline of the file: per cent of it,
max_growth_gzip_bytes = "16 KiB"    # or so much more
max_growth_float_operators = 0
max_growth_partitions = 0
max_drop_dice = 0.005               # or so much less

[baseline."unet-16-int8-ptq.tflite"]    # written by `edgeseg check --update`
bytes = 1991608
dice = 0.8646
"""

from __future__ import annotations

import fnmatch
import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgeseg.budget.facts import METRICS, Metric, ModelFacts
from edgeseg.errors import ConfigError, nearest

_UNITS = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)", re.IGNORECASE)
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One line of a budget.

    Attributes:
        key: as in the file, `max_growth_bytes`.
        metric: what it limits.
        amount: the greatest (or least) value, or, of a relative limit, the greatest change.
        percent: whether `amount` is a share of the baseline in per cent.
        relative: whether it is counted from the baseline.
        text: as it stands in the file, `2 %`.
    """

    key: str
    metric: Metric
    amount: float
    percent: bool
    relative: bool
    text: str

    def bound(self, baseline: float) -> float:
        """The greatest (Dice: least) value allowed; whole for bytes and counts."""
        sign = -1 if self.metric.higher_is_better else 1
        value = self.amount
        if self.relative:
            value = baseline + sign * (baseline * self.amount / 100 if self.percent else self.amount)
        return value if self.metric.unit == "share" else math.floor(round(value, 6))


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The limits for the files whose name fits `pattern`."""

    pattern: str
    limits: tuple[Limit, ...]

    def fits(self, model: ModelFacts) -> bool:
        """Whether these limits are for this file; a pattern may name its folder too."""
        return any(fnmatch.fnmatchcase(name, self.pattern) for name in (model.file_name, model.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """The content of one budgets.toml.

    Attributes:
        path: the file.
        budgets: in its order.
        baseline: file name -> metric -> value.
    """

    path: Path
    budgets: tuple[Budget, ...]
    baseline: Mapping[str, Mapping[str, float]]


def _limit_keys() -> dict[str, tuple[Metric, bool]]:
    """Key -> metric, and whether it is relative."""
    keys: dict[str, tuple[Metric, bool]] = {}
    for metric in METRICS:
        absolute, change = ("min", "drop") if metric.higher_is_better else ("max", "growth")
        keys[f"{absolute}_{metric.name}"] = metric, False
        keys[f"max_{change}_{metric.name}"] = metric, True
    return keys


_KEYS = _limit_keys()


def load_budgets(path: Path) -> Budgets:
    """Read a budgets.toml.

    Raises:
        ConfigError: no such file, no TOML, an unknown key (the nearest is named), or a value that does
            not fit.
    """
    return parse_budgets(read_budgets(path), path=path)


def read_budgets(path: Path) -> str:
    """The text of a budgets.toml; `ConfigError` where there is none or it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(
            f"expected budgets at {path}, but there is no such file; --update makes it"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the budgets {path}: {error}") from error


def parse_budgets(text: str, *, path: Path) -> Budgets:
    """Parse the text of a budgets.toml; `path` for the sentences; errors as in `load_budgets`."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from None
    _refuse_unknown(content, ("models", "baseline"), what="table", where=str(path))
    budgets = tuple(
        Budget(pattern=pattern, limits=_limits(table, where=f'{path} [models."{pattern}"]'))
        for pattern, table in _tables(content, "models", path).items()
    )
    baseline = {
        name: _baseline(table, where=f'{path} [baseline."{name}"]')
        for name, table in _tables(content, "baseline", path).items()
    }
    return Budgets(path=path, budgets=budgets, baseline=baseline)


def _tables(content: Mapping[str, Any], name: str, path: Path) -> dict[str, dict[str, Any]]:
    tables = content.get(name, {})
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise ConfigError(f'expected tables [{name}."FILE NAME"] in {path}, with the quotes')
    return tables


def _refuse_unknown(keys: Iterable[str], valid: Iterable[str], *, what: str, where: str) -> None:
    names = list(valid)
    for key in keys:
        if key not in names:
            raise ConfigError(f"no {what} '{key}' in {where}; {nearest(key, names)}")


def _limits(table: Mapping[str, Any], *, where: str) -> tuple[Limit, ...]:
    _refuse_unknown(table, _KEYS, what="limit", where=where)
    return tuple(_limit(key, value, where=where) for key, value in table.items())


def _limit(key: str, value: object, *, where: str) -> Limit:
    metric, relative = _KEYS[key]
    percent = _PERCENT.fullmatch(value.strip()) if relative and isinstance(value, str) else None
    amount = float(percent[1]) if percent else _amount(metric, value)
    if amount is None:
        expected = _EXPECTED[metric.unit] + (' or a share of the baseline as "2 %"' if relative else "")
        raise ConfigError(f"expected {expected} as {key} in {where}, but got {value!r}")
    return Limit(
        key=key, metric=metric, amount=amount, percent=bool(percent), relative=relative, text=str(value)
    )


_EXPECTED = {
    "bytes": 'bytes as 2_000_000 or "2 MB"',
    "count": "a whole number from 0",
    "share": "a number from 0 to 1",
}


def _amount(metric: Metric, value: object) -> float | None:
    if isinstance(value, bool):
        return None
    if metric.unit == "share":
        return float(value) if isinstance(value, int | float) and 0 <= value <= 1 else None
    if isinstance(value, int):
        return value if value >= 0 else None
    return parse_size(value) if metric.unit == "bytes" and isinstance(value, str) else None


def parse_size(text: str) -> int | None:
    """Bytes of `2 MB` (10^6), `512 KiB` (2^10), ...; `None` for any other text."""
    match = _SIZE.fullmatch(text.strip())
    factor = _UNITS.get(match[2].lower()) if match else None
    return round(float(match[1]) * factor) if match and factor else None


def _baseline(table: Mapping[str, Any], *, where: str) -> dict[str, float]:
    metrics = {metric.name: metric for metric in METRICS}
    _refuse_unknown(table, metrics, what="metric", where=where)
    values: dict[str, float] = {}
    for name, value in table.items():
        amount = _amount(metrics[name], value)
        if amount is None:
            raise ConfigError(
                f"expected {_EXPECTED[metrics[name].unit]} as {name} in {where}, but got {value!r}"
            )
        values[name] = amount
    return values
