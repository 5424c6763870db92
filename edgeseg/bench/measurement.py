"""What was measured of one model in one runtime with one number of threads, or the reason why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from edgeseg.bench.latency import Lap, Laps, median_absolute_deviation, percentile
from edgeseg.bench.quality import ImageCounts, QualityResult
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

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data: each part of the laps is a list of nanoseconds."""
        laps = self.laps
        return {
            "load_ns": self.load_ns,
            "init_ns": self.init_ns,
            "first_ns": laps.first.invoke_ns,
            "first_prepare_ns": laps.first.prepare_ns,
            "first_output_ns": laps.first.output_ns,
            "stable": self.stable,
            "wall_ns": self.wall_ns,
            "baseline_bytes": self.baseline_bytes,
            "peak_bytes": self.peak_bytes,
            "warmup": _columns(laps.warmup),
            "counted": _columns(laps.counted),
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        """From `to_dict`'s data."""
        first = Lap(value["first_prepare_ns"], value["first_ns"], value["first_output_ns"])
        laps = Laps(first=first, warmup=_laps(value["warmup"]), counted=_laps(value["counted"]))
        return cls(
            load_ns=value["load_ns"],
            init_ns=value["init_ns"],
            laps=laps,
            stable=value["stable"],
            wall_ns=value["wall_ns"],
            baseline_bytes=value["baseline_bytes"],
            peak_bytes=value["peak_bytes"],
        )


def _columns(laps: tuple[Lap, ...]) -> dict[str, list[int]]:
    return {
        "invoke_ns": [lap.invoke_ns for lap in laps],
        "prepare_ns": [lap.prepare_ns for lap in laps],
        "output_ns": [lap.output_ns for lap in laps],
    }


def _laps(columns: Mapping[str, list[int]]) -> tuple[Lap, ...]:
    parts = zip(columns["prepare_ns"], columns["invoke_ns"], columns["output_ns"], strict=True)
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

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data."""
        return {
            "runtime": self.runtime,
            "threads": self.threads,
            "failure": asdict(self.failure) if self.failure else None,
            "runs": [run.to_dict() for run in self.runs],
            "quality": [image.to_dict() for image in self.quality.images] if self.quality else None,
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        """From `to_dict`'s data."""
        images, failure = value["quality"], value["failure"]
        return cls(
            runtime=value["runtime"],
            threads=value["threads"],
            runs=tuple(Run.from_dict(run) for run in value["runs"]),
            quality=QualityResult(tuple(map(ImageCounts.from_dict, images))) if images else None,
            failure=Failure(**failure) if failure else None,
        )
