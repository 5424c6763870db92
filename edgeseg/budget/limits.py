"""budgets.toml: limits by file name pattern, and the baseline that relative limits start from.

[models."*int8-ptq.tflite"]         # a pattern for file names (*, ?, [...]); every one that fits applies
max_bytes = "2 MB"                  # absolute: bytes, or a text with kB, MB, KiB, MiB
max_float_operators = 0
min_dice = 0.86                     # pooled, from 0 to 1
max_growth_bytes = "2 %"            # relative to the baseline of the file: per cent of it,
max_growth_gzip_bytes = "16 KiB"    # or so much more
max_drop_dice = 0.005               # or so much less
operator_kinds = "baseline"         # those of the baseline and no other; or a list of those allowed
max_growth_latency = "25 %"         # on the machine of the baseline alone

[baseline."unet-16-int8-ptq.tflite"]    # written by `edgeseg check --update`
bytes = 1991608
dice = 0.8646

[latency."Cortex-A72, 4 cores, aarch64"."unet-16-int8-ptq.tflite"]      # likewise, by machine
"litert, 1 thread" = { p50_ms = 231.5, runtime = "ai-edge-litert 2.3.0" }
"""

from __future__ import annotations

import fnmatch
import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgeseg.bench.figure import Figure
from edgeseg.bench.figures import OPERATOR_KINDS
from edgeseg.bench.readers import Value
from edgeseg.budget.amounts import (
    expected,
    parse_amount,
    parse_kinds,
    parse_percent,
    parse_tables,
    parse_value,
)
from edgeseg.budget.facts import ModelFacts
from edgeseg.budget.limited import LATENCY, LIMITED, name_of
from edgeseg.budget.medians import Medians, parse_medians
from edgeseg.errors import ConfigError, nearest

#: The limit on operators that is none on a number.
KINDS_KEY = name_of(OPERATOR_KINDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One line of a budget.

    Attributes:
        key: as in the file, `max_growth_bytes`.
        figure: what it limits.
        relative: whether it is counted from the baseline.
        text: as it stands in the file, `2 %`.
        amount: the greatest (or least) value, or, of a relative limit, the greatest change.
        percent: whether `amount` is a share of the baseline in per cent.
        kinds: the operators that are allowed, where it is a list of them.
    """

    key: str
    figure: Figure[Any]
    relative: bool
    text: str
    amount: float = 0
    percent: bool = False
    kinds: tuple[str, ...] = ()

    def bound(self, baseline: float) -> float:
        """The greatest (Dice: least) value allowed; whole for bytes and counts."""
        sign = -1 if self.figure.higher_is_better else 1
        value = self.amount
        if self.relative:
            value = baseline + sign * (baseline * self.amount / 100 if self.percent else self.amount)
        return math.floor(round(value, 6)) if self.figure.whole else value


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
        baseline: file name -> name of the figure -> value.
        latency: machine -> file name -> `litert, 1 thread` -> median.
    """

    path: Path
    budgets: tuple[Budget, ...]
    baseline: Mapping[str, Mapping[str, Value]]
    latency: Mapping[str, Medians]

    def limits_for(self, model: ModelFacts) -> list[Limit]:
        """Every limit that applies to a file, in the order of budgets.toml."""
        return [limit for budget in self.budgets if budget.fits(model) for limit in budget.limits]

    def limit_times(self, models: Iterable[ModelFacts]) -> bool:
        """Whether there is a limit on the latency of any of `models`."""
        return any(limit.figure is LATENCY for model in models for limit in self.limits_for(model))

    def gone(self, models: Iterable[ModelFacts]) -> list[str]:
        """Files that have a baseline and are not among `models`."""
        known = {*self.baseline, *(file for files in self.latency.values() for file in files)}
        return sorted(known - {model.name for model in models})


def _limit_keys() -> dict[str, tuple[Figure[Any], bool]]:
    """Key -> figure, and whether it is relative, for numbers."""
    keys: dict[str, tuple[Figure[Any], bool]] = {}
    for figure in LIMITED:
        if figure.unit in ("kinds", "words"):
            continue
        absolute, change = ("min", "drop") if figure.higher_is_better else ("max", "growth")
        keys[f"{absolute}_{name_of(figure)}"] = figure, False
        keys[f"max_{change}_{name_of(figure)}"] = figure, True
    keys[f"max_growth_{name_of(LATENCY)}"] = LATENCY, True
    return keys


_KEYS = _limit_keys()
#: Every key of a table of limits.
LIMIT_KEYS = (*_KEYS, KINDS_KEY)


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
    return budgets_of(content, path=path)


def budgets_of(content: Mapping[str, Any], *, path: Path) -> Budgets:
    """The same from what TOML says; `path` for the sentences."""
    _refuse_unknown(content, ("models", "baseline", "latency"), what="table", where=str(path))
    models, baseline, latency = (
        parse_tables(content.get(name, {}), f'{name}."{example}"', path)
        for name, example in (("models", "FILE NAME"), ("baseline", "FILE NAME"), ("latency", "MACHINE"))
    )
    return Budgets(
        path=path,
        budgets=tuple(
            Budget(pattern=pattern, limits=_limits(table, where=f'{path} [models."{pattern}"]'))
            for pattern, table in models.items()
        ),
        baseline={
            name: _baseline(table, where=f'{path} [baseline."{name}"]') for name, table in baseline.items()
        },
        latency={
            machine: parse_medians(files, machine=machine, path=path) for machine, files in latency.items()
        },
    )


def _refuse_unknown(keys: Iterable[str], valid: Iterable[str], *, what: str, where: str) -> None:
    names = list(valid)
    for key in keys:
        if key not in names:
            raise ConfigError(f"no {what} '{key}' in {where}; {nearest(key, names)}")


def _limits(table: Mapping[str, Any], *, where: str) -> tuple[Limit, ...]:
    _refuse_unknown(table, LIMIT_KEYS, what="limit", where=where)
    return tuple(
        _kinds_limit(value, where=where) if key == KINDS_KEY else _limit(key, value, where=where)
        for key, value in table.items()
    )


def _limit(key: str, value: object, *, where: str) -> Limit:
    figure, relative = _KEYS[key]
    percent = parse_percent(value) if relative else None
    amount = parse_amount(figure, value) if percent is None else percent
    if amount is None:
        or_share = ' or a share of the baseline as "2 %"' if relative else ""
        raise ConfigError(f"expected {expected(figure)}{or_share} as {key} in {where}, but got {value!r}")
    return Limit(
        key=key, figure=figure, amount=amount, percent=percent is not None, relative=relative, text=str(value)
    )


def _kinds_limit(value: object, *, where: str) -> Limit:
    relative = value == "baseline"
    kinds = () if relative else parse_kinds(value)
    if kinds is None:
        raise ConfigError(
            f'expected "baseline" or {expected(OPERATOR_KINDS)} as {KINDS_KEY} in {where}, but got {value!r}'
        )
    text = "baseline" if relative else ", ".join(kinds)
    return Limit(key=KINDS_KEY, figure=OPERATOR_KINDS, relative=relative, text=text, kinds=kinds)


def _baseline(table: Mapping[str, Any], *, where: str) -> dict[str, Value]:
    figures = {name_of(figure): figure for figure in LIMITED}
    _refuse_unknown(table, figures, what="metric", where=where)
    values: dict[str, Value] = {}
    for name, given in table.items():
        value = parse_value(figures[name], given)
        if value is None:
            raise ConfigError(f"expected {expected(figures[name])} as {name} in {where}, but got {given!r}")
        values[name] = value
    return values
