"""What was measured of one model in one runtime with one number of threads, or the reason why not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from edgeseg.bench.latency import Lap, Laps, median_absolute_deviation, percentile
from edgeseg.bench.quality import QualityResult
from edgeseg.workers.failure import Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one process measured.

    Attributes:
        load_ns: importing the runtime: milliseconds for a TFLite one, a tenth of a second for OpenVINO.
        init_ns: building the interpreter with its tensors allocated.
        laps: the inferences.
        stable: whether the warm-up ended because times had settled, not because it took too long.
        wall_ns: from the start of the process to its answer, quality apart: what the bench itself adds
            to the laps is in it.
        baseline_bytes: peak resident memory with Python, numpy and the runtime loaded, before the model
            was read.
        peak_bytes: after the inferences; images for the reading of quality are not in it.
    """

    load_ns: int
    init_ns: int
    laps: Laps
    stable: bool
    wall_ns: int
    baseline_bytes: int
    peak_bytes: int

    def to_stored(self) -> StoredRun:
        """As it lies in files."""
        laps = self.laps
        return StoredRun(
            load_ns=self.load_ns,
            init_ns=self.init_ns,
            first_ns=laps.first.invoke_ns,
            first_prepare_ns=laps.first.prepare_ns,
            first_output_ns=laps.first.output_ns,
            stable=self.stable,
            wall_ns=self.wall_ns,
            baseline_bytes=self.baseline_bytes,
            peak_bytes=self.peak_bytes,
            warmup=_columns(laps.warmup),
            counted=_columns(laps.counted),
        )

    @classmethod
    def from_stored(cls, form: StoredRun) -> Self:
        """From `to_stored`'s form; `ValueError` where the parts of the laps are not of one length."""
        first = Lap(form.first_prepare_ns, form.first_ns, form.first_output_ns)
        return cls(
            load_ns=form.load_ns,
            init_ns=form.init_ns,
            laps=Laps(first=first, warmup=_laps(form.warmup), counted=_laps(form.counted)),
            stable=form.stable,
            wall_ns=form.wall_ns,
            baseline_bytes=form.baseline_bytes,
            peak_bytes=form.peak_bytes,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLaps:
    """Inferences as they lie in files: each part of all of them, nanoseconds."""

    invoke_ns: tuple[int, ...]
    prepare_ns: tuple[int, ...]
    output_ns: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """A `Run` as it lies in files."""

    load_ns: int
    init_ns: int
    first_ns: int
    first_prepare_ns: int
    first_output_ns: int
    stable: bool
    wall_ns: int
    baseline_bytes: int
    peak_bytes: int
    warmup: StoredLaps
    counted: StoredLaps


def _columns(laps: tuple[Lap, ...]) -> StoredLaps:
    return StoredLaps(
        invoke_ns=tuple(lap.invoke_ns for lap in laps),
        prepare_ns=tuple(lap.prepare_ns for lap in laps),
        output_ns=tuple(lap.output_ns for lap in laps),
    )


def _laps(columns: StoredLaps) -> tuple[Lap, ...]:
    parts = zip(columns.prepare_ns, columns.invoke_ns, columns.output_ns, strict=True)
    return tuple(Lap(*part) for part in parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A model in one runtime with one number of threads.

    Attributes:
        runtime: one of `registry.RUNTIMES`.
        threads: of the interpreter.
        runs: one a process; empty where the first failed.
        quality: on the split; `None` without data, and for all numbers of threads but the first: how many
            share the work does not change the answer (see `ModelResult.quality`).
        failure: why it could not be measured (to the end), or `None`.
    """

    DERIVED: ClassVar = frozenset({"summary", "why"})

    runtime: str
    threads: int
    runs: tuple[Run, ...] = ()
    quality: QualityResult | None = None
    failure: Failure | None = None

    @property
    def laps(self) -> tuple[Lap, ...]:
        """All counted inferences."""
        return tuple(lap for run in self.runs for lap in run.laps.counted)

    @property
    def rounds_ns(self) -> tuple[tuple[int, ...], ...]:
        """The counted inferences of each process, the network alone."""
        return tuple(tuple(lap.invoke_ns for lap in run.laps.counted) for run in self.runs)

    @property
    def invoke_ns(self) -> tuple[int, ...]:
        """All counted inferences, the network alone; empty where none was measured."""
        return tuple(time for times in self.rounds_ns for time in times)

    @property
    def spread(self) -> float:
        """Median absolute deviation over median of `invoke_ns`."""
        return median_absolute_deviation(self.invoke_ns) / percentile(self.invoke_ns, 50)

    @property
    def overhead(self) -> float:
        """What the bench adds: its own time over that of the inferences, counted or not (0.05: 5 %).

        Its own time is that of the processes less what the runtime takes, its import, initialization and
        inferences, which are figures of their own: mostly the start of Python and the loading of numpy.
        """
        inferences = sum(run.laps.total_ns for run in self.runs)
        own = sum(run.wall_ns - run.load_ns - run.init_ns for run in self.runs) - inferences
        return own / inferences
