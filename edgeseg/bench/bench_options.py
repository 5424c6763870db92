"""How to measure: one frozen dataclass, checked once."""

from __future__ import annotations

from dataclasses import dataclass

from edgeseg.errors import ConfigError
from edgeseg.model.runtimes.registry import RUNTIMES
from edgeseg.settings import check_choice, check_range


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchOptions:
    """How to measure.

    Attributes:
        runtimes: what to run the files by, of `registry.RUNTIMES`; none: the default here.
        threads: numbers of threads; each is measured in processes of its own, since XNNPACK takes the
            number when an interpreter is built.
        rounds: processes for every model, runtime and number of threads. They take turns (A B C A B C),
            so that a machine that warms up slows them all alike.
        seconds: to measure in each process, at least.
        samples: inferences to measure of each row, over all rounds, at least.
        warmup_seconds: not counted, before: until times have settled, but no longer than this; three
            inferences at least.
        images: of the split that quality is measured on, evenly spread; `None`: all.
        panels: images to keep for looking at.
        timeout_seconds: a process that gives no sign of life for so long has hung.
        memory_limit_mb: MB (10^6 bytes) that a process may take for Python, runtime and model; `None`
            sets no limit.
    """

    runtimes: tuple[str, ...] = ()
    threads: tuple[int, ...] = (1,)
    rounds: int = 3
    seconds: float = 2.0
    samples: int = 30
    warmup_seconds: float = 3.0
    images: int | None = None
    panels: int = 4
    timeout_seconds: float = 120.0
    memory_limit_mb: int | None = None

    def __post_init__(self) -> None:
        if not self.threads or len(set(self.threads)) != len(self.threads):
            raise ConfigError(f"expected different numbers of threads, but got {_listing(self.threads)}")
        for runtime in self.runtimes:
            check_choice("runtime", runtime, RUNTIMES)
        if len(set(self.runtimes)) != len(self.runtimes):
            raise ConfigError(f"expected different runtimes, but got {','.join(self.runtimes)}")
        for threads in self.threads:
            check_range("threads", threads, 1, 256)
        check_range("rounds", self.rounds, 1, 100)
        check_range("seconds", self.seconds, 0, 3600)
        check_range("samples", self.samples, 1, 100_000)
        check_range("warm-up seconds", self.warmup_seconds, 0, 3600)
        check_range("timeout seconds", self.timeout_seconds, 0.001, 86_400)
        if self.images is not None:
            check_range("images", self.images, 1, 1_000_000)
        check_range("panels", self.panels, 0, 100)
        if self.memory_limit_mb is not None:
            check_range("MB of memory", self.memory_limit_mb, 1, 10_000_000)

    @property
    def samples_each(self) -> int:
        """Inferences to measure in each process, at least."""
        return -(-self.samples // self.rounds)


def parse_numbers(text: str, what: str) -> tuple[int, ...]:
    """`1,2,4` as numbers.

    Raises:
        ConfigError: a part is no whole number; the sentence names `what` was expected.
    """
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise ConfigError(f"expected {what} as 1,2,4, but got '{text}'") from None


def _listing(threads: tuple[int, ...]) -> str:
    return ",".join(map(str, threads)) or "none"


#: A first look: every figure is there, none is worth reporting.
QUICK = BenchOptions(rounds=1, seconds=0.2, samples=5, warmup_seconds=0.2, images=8)
