"""`python -m edgeseg.bench.child`: measures one model in a process of its own (see `workers`)."""

from __future__ import annotations

import gc
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import numpy as np

from edgeseg.bench.bench_options import BenchOptions
from edgeseg.bench.latency import Laps, repeat, run_lap, timing_tile, warm_up
from edgeseg.bench.measurement import Run
from edgeseg.bench.quality import QualityResult, measure_quality, spread
from edgeseg.errors import ArtifactError
from edgeseg.machine.memory import MB, limited, peak_bytes
from edgeseg.model.artifact import Artifact, load_artifact
from edgeseg.model.runtimes.registry import find_runtime
from edgeseg.model.segmenter import Segmenter
from edgeseg.workers.answering import Alive, answer_one
from edgeseg.workers.asking import Bounds

if TYPE_CHECKING:
    from edgeseg.labels.label_rows import Labels
    from edgeseg.model.encoding import Mask


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to measure.

    Attributes:
        model: path of the .tflite file.
        runtime: one of `registry.RUNTIMES`.
        threads: of the interpreter.
        options: how.
        data: the data set's folder, or `None` to leave quality out.
        split: of it.
        masks: file to write the masks to that quality is measured with (see `quality.compare_masks`); the
            labels of a model that tells cells apart go beside it (see `panels.labels_path`).
        asked_ns: when it was asked for, by `time.monotonic_ns`, which all processes of a machine share.
    """

    model: str
    runtime: str
    threads: int
    options: BenchOptions
    data: str | None
    split: str
    masks: str
    asked_ns: int

    @property
    def bounds(self) -> Bounds:
        """What the process that measures may take."""
        limit = self.options.memory_limit_mb
        return Bounds(silence_seconds=self.options.timeout_seconds, memory_bytes=limit and limit * MB)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came out.

    Attributes:
        run: the times and the memory.
        quality: `None` where it was not asked for.
    """

    run: Run
    quality: QualityResult | None


class _Loaded(TypedDict):
    """What is known once the runtime is imported, as `Run` has it."""

    load_ns: int
    baseline_bytes: int


def work(job: Job, alive: Alive) -> Answer:
    """Measure.

    Raises:
        EdgesegError: the model, the runtime or the data cannot be used.
        MemoryError: there is not enough memory.
    """
    limit = job.bounds.memory_bytes
    start = time.perf_counter_ns()
    find_runtime(job.runtime)
    loaded = _Loaded(load_ns=time.perf_counter_ns() - start, baseline_bytes=peak_bytes())
    try:
        with limited(limit, threads=job.threads):
            artifact = load_artifact(Path(job.model))
            segmenter, run = _time(artifact, job, alive, loaded)
    except (ArtifactError, RuntimeError):
        # Where an allocation is refused, the runtime says anything but that. If the same file works
        # without the limit, then the limit it was.
        if limit and _works(job):
            raise MemoryError from None
        raise
    return Answer(run=run, quality=_quality(job, artifact, segmenter, alive))


def _time(artifact: Artifact, job: Job, alive: Alive, loaded: _Loaded) -> tuple[Segmenter, Run]:
    alive("loading")
    start = time.perf_counter_ns()
    segmenter = Segmenter(artifact, runtime=job.runtime, threads=job.threads)
    init_ns = time.perf_counter_ns() - start
    lap = partial(run_lap, segmenter, timing_tile(segmenter.interface.image_shape), artifact.preprocessing)
    options = job.options
    gc.collect()
    gc.disable()
    first = lap()
    warmup, stable = warm_up(lap, seconds=options.warmup_seconds, alive=partial(alive, "warming up"))
    counted = repeat(lap, seconds=options.seconds, count=options.samples_each, alive=partial(alive, "timing"))
    gc.enable()
    run = Run(
        init_ns=init_ns,
        laps=Laps(first=first, warmup=warmup, counted=counted),
        stable=stable,
        wall_ns=time.monotonic_ns() - job.asked_ns,
        peak_bytes=peak_bytes(),
        **loaded,
    )
    return segmenter, run


def _works(job: Job) -> bool:
    try:
        segmenter = Segmenter(load_artifact(Path(job.model)), runtime=job.runtime, threads=job.threads)
        segmenter.invoke(timing_tile(segmenter.interface.image_shape))
    except (ArtifactError, RuntimeError):
        return False
    return True


def _quality(job: Job, artifact: Artifact, segmenter: Segmenter, alive: Alive) -> QualityResult | None:
    if job.data is None:
        return None
    # Late, so that OpenCV does not count as memory of the model.
    from edgeseg.bench.panels import labels_path, write_labels
    from edgeseg.data.dataset import open_dataset

    samples = spread(open_dataset(Path(job.data)).split(job.split), job.options.images)

    def progress(done: int, total: int, _note: str) -> None:
        alive(f"quality {done}/{total}")

    with Path(job.masks).open("wb") as file, labels_path(Path(job.masks)).open("wb") as cells:

        def keep(mask: Mask, labels: Labels) -> None:
            file.write(np.packbits(mask).tobytes())
            if segmenter.interface.tells_apart:
                write_labels(cells, labels)

        return measure_quality(segmenter, samples, artifact.preprocessing, progress=progress, keep=keep)


if __name__ == "__main__":
    # Memory that images for the reading of quality take is no model's: the limit is for a part only.
    answer_one(Job, work, limits_itself=True)
