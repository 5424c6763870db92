"""How to measure: one frozen dataclass, checked once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from edgeseg.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchOptions:
    """How to measure.

    Attributes:
        threads: numbers of threads; each is measured in processes of its own, since XNNPACK takes the
            number when an interpreter is built.
        rounds: processes for every model and number of threads. The models take turns, so that a
            machine that warms up slows them all alike.
        seconds: to measure in each process, at least.
        samples: inferences to measure in each process, at least.
        warmup_seconds: not counted, before; three inferences at least.
        timeout_seconds: a process that gives no sign of life for so long has hung.
        memory_limit_mb: MB (10^6 bytes) that a process may take for Python, runtime and model; `None`
            sets no limit.
    """

    threads: tuple[int, ...] = (1,)
    rounds: int = 1
    seconds: float = 2.0
    samples: int = 30
    warmup_seconds: float = 0.5
    timeout_seconds: float = 120.0
    memory_limit_mb: int | None = None

    def __post_init__(self) -> None:
        if not self.threads or len(set(self.threads)) != len(self.threads):
            raise ConfigError(f"expected different numbers of threads, but got {_listing(self.threads)}")
        for threads in self.threads:
            _range("threads", threads, 1, 256)
        _range("rounds", self.rounds, 1, 100)
        _range("seconds", self.seconds, 0, 3600)
        _range("samples", self.samples, 1, 100_000)
        _range("warm-up seconds", self.warmup_seconds, 0, 3600)
        _range("timeout seconds", self.timeout_seconds, 0.001, 86_400)
        if self.memory_limit_mb is not None:
            _range("MB of memory", self.memory_limit_mb, 1, 10_000_000)

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        """From `to_dict`'s data."""
        return cls(**{**value, "threads": tuple(value["threads"])})


def parse_threads(text: str) -> tuple[int, ...]:
    """`1,2,4` as numbers.

    Raises:
        ConfigError: a part is no whole number.
    """
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise ConfigError(f"expected numbers of threads as 1,2,4, but got '{text}'") from None


def _listing(threads: tuple[int, ...]) -> str:
    return ",".join(map(str, threads)) or "none"


def _range(what: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ConfigError(f"expected {what} from {low:g} to {high:g}, but got {value:g}")
