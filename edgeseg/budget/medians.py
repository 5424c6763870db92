"""Median times by machine, as budgets.toml keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgeseg.budget.amounts import parse_amount, parse_tables
from edgeseg.budget.limited import LATENCY
from edgeseg.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Median:
    """The median time of one file in one runtime with one number of threads.

    Attributes:
        p50_ms: milliseconds.
        runtime: distribution and version, `ai-edge-litert 2.3.0`.
    """

    p50_ms: float
    runtime: str


#: File -> `litert, 1 thread` -> median.
Medians = Mapping[str, Mapping[str, Median]]


def parse_medians(files: object, *, machine: str, path: Path) -> Medians:
    """The table of one machine; `ConfigError` where it is none, `path` for the sentence."""
    tables = parse_tables(files, f'latency."{machine}"."FILE NAME"', path)
    return {
        file: {
            row: _median(value, f'"{row}" in {path} [latency."{machine}"."{file}"]')
            for row, value in rows.items()
        }
        for file, rows in tables.items()
    }


def _median(value: object, what: str) -> Median:
    if isinstance(value, dict) and set(value) == {"p50_ms", "runtime"} and isinstance(value["runtime"], str):
        milliseconds = parse_amount(LATENCY, value["p50_ms"])
        if milliseconds is not None:
            return Median(p50_ms=milliseconds, runtime=value["runtime"])
    raise ConfigError(
        f'expected {{ p50_ms = 1.5, runtime = "ai-edge-litert 2.3.0" }} as {what}, but got {value!r}'
    )
