"""Times of the Keras model on the host: another system than the files, never one figure with them.

They are measured on the host side, by `host.training.timing`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from edgeseg.bench.latency import median_absolute_deviation, percentile
from edgeseg.errors import ConfigError
from edgeseg.workers.failure import Failure

PRECISIONS = ("float32", "mixed_float16")


@dataclass(frozen=True, slots=True, kw_only=True)
class HostOptions:
    """How to measure the Keras model.

    Attributes:
        batches: images of one step, one measurement each.
        precision: `float32` or `mixed_float16` (Keras' mixed precision).
        xla: let XLA compile the step.
    """

    batches: tuple[int, ...] = (1, 8, 32)
    precision: str = "float32"
    xla: bool = False

    def __post_init__(self) -> None:
        if not self.batches or len(set(self.batches)) != len(self.batches) or min(self.batches) < 1:
            listing = ",".join(map(str, self.batches)) or "none"
            raise ConfigError(f"expected different batch sizes from 1, but got {listing}")
        if self.precision not in PRECISIONS:
            raise ConfigError(f"expected a precision {' or '.join(PRECISIONS)}, but got '{self.precision}'")


@dataclass(frozen=True, slots=True, kw_only=True)
class HostRun:
    """The Keras model of a run, with one batch size.

    Attributes:
        name: of the run's folder.
        framework: distribution and version, as `tensorflow 2.21.0`.
        device: that computes, as TensorFlow names it: `CPU`, or a GPU's product name.
        batch: images of one step.
        precision: `float32` or `mixed_float16`.
        xla: whether the step was compiled by XLA.
        first_ns: the first step: tracing and compiling are in it.
        steps_ns: the steps that are counted, nanoseconds for a whole batch; empty after a failure.
        failure: why it could not be measured, or `None`.
    """

    DERIVED: ClassVar = frozenset({"summary"})

    name: str
    framework: str
    device: str
    batch: int
    precision: str
    xla: bool
    first_ns: int = 0
    steps_ns: tuple[int, ...] = ()
    failure: Failure | None = None

    @property
    def summary(self) -> dict[str, float]:
        """Milliseconds of a step, and images a second; empty where nothing was measured."""
        if not self.steps_ns:
            return {}
        p50 = percentile(self.steps_ns, 50)
        return {
            "samples": len(self.steps_ns),
            "p50_ms": p50 / 1e6,
            "p90_ms": percentile(self.steps_ns, 90) / 1e6,
            "mad_ms": median_absolute_deviation(self.steps_ns) / 1e6,
            "first_ms": self.first_ns / 1e6,
            "images_per_second": self.batch * 1e9 / p50,
        }
