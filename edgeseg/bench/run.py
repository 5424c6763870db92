"""Bench model files: each in child processes of its own, one after another, in turns."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from edgeseg._version import __version__
from edgeseg.artifact import Artifact, load_artifact
from edgeseg.audit.audit import audit_model
from edgeseg.bench.child import Answer, Job
from edgeseg.bench.machine import read_machine, read_state
from edgeseg.bench.measurement import Failure, Measurement
from edgeseg.bench.models import display_names
from edgeseg.bench.options import BenchOptions
from edgeseg.bench.process import ask, explain
from edgeseg.bench.quality import compare_masks
from edgeseg.bench.result import BenchResult, DatasetUsed, ModelResult
from edgeseg.bench.size import measure_size
from edgeseg.data.dataset import SegmentationDataset
from edgeseg.errors import EdgesegError, MissingDependencyError, ResultError
from edgeseg.files import sha256_bytes
from edgeseg.progress import Progress, silent
from edgeseg.runtime import find_runtime

# -P: a json.py in the current folder must not become part of the child.
_CHILD = (sys.executable, "-P", "-m", "edgeseg.bench.child")


def run_bench(
    models: Sequence[Path],
    *,
    dataset: SegmentationDataset | None = None,
    split: str = "test",
    options: BenchOptions | None = None,
    progress: Progress = silent,
) -> BenchResult:
    """Measure size, latency, memory and quality of model files.

    A model that crashes the runtime, hangs or runs out of memory is a measurement with a failure; the
    others go on. An interrupt (Ctrl-C) ends the child and gives what was measured until then, with
    `complete` false.

    Args:
        models: .tflite files, all different.
        dataset: to measure quality on; none leaves it out.
        split: of it.
        options: how.
        progress: told (processes done, processes in all, what is being done).

    Raises:
        ResultError: every model was refused as bad input; the sentence says why.
        DatasetError: the split does not exist.
        MissingDependencyError: no runtime here.
    """
    options = options or BenchOptions()
    runtime = find_runtime()
    used = _dataset_used(dataset, split)
    machine, before = read_machine(runtime=f"{runtime.name} {runtime.version}"), read_state()
    found = [_describe(path, name, options) for path, name in zip(models, display_names(models), strict=True)]
    complete = True
    with tempfile.TemporaryDirectory(prefix="edgeseg-bench-") as folder:
        jobs = [
            Job(
                model=str(path),
                threads=threads,
                options=options,
                data=_quality_data(dataset, turn),
                split=split,
                masks=str(_masks(folder, index, threads)),
            )
            for turn in range(options.rounds)
            for threads in options.threads
            for index, path in enumerate(models)
        ]
        try:
            for number, job in enumerate(jobs):
                index = number % len(models)
                found[index] = _measure(found[index], job, partial(progress, number, len(jobs)))
            progress(len(jobs), len(jobs), "")
        except KeyboardInterrupt:
            complete = False
        found = _compare(found, folder)
    result = BenchResult(
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        edgeseg=__version__,
        machine=machine,
        before=before,
        after=read_state(),
        options=options,
        dataset=used,
        complete=complete,
        models=tuple(found),
    )
    _refuse_if_all_bad(result)
    return result


def _dataset_used(dataset: SegmentationDataset | None, split: str) -> DatasetUsed | None:
    if dataset is None:
        return None
    images = len(dataset.split(split))
    return DatasetUsed(name=dataset.name, digest=dataset.digest, split=split, images=images)


def _describe(path: Path, name: str, options: BenchOptions) -> ModelResult:
    """What can be told of a file without running it; every measurement refused if that fails."""
    try:
        artifact = load_artifact(path)
        audit = _audit(artifact, name)
    except EdgesegError as error:
        failure = Failure(kind="refused", reason=str(error))
        refused = tuple(Measurement(threads=threads, failure=failure) for threads in options.threads)
        return ModelResult(
            name=name, variant="unknown", sha256=None, size=None, audit=None, measurements=refused
        )
    return ModelResult(
        name=name,
        variant=artifact.variant,
        sha256=sha256_bytes(artifact.data),
        size=measure_size(artifact.data, xz_bytes=artifact.packed_bytes),
        audit=audit,
        measurements=(),
    )


def _audit(artifact: Artifact, name: str) -> dict[str, Any] | None:
    try:
        return audit_model(artifact.data, name=name).to_dict()
    except MissingDependencyError:  # tflite-runtime ships no schema; timing needs none
        return None


def _quality_data(dataset: SegmentationDataset | None, turn: int) -> str | None:
    """The folder to measure quality on: once is enough, the answer is the same every time."""
    return str(dataset.root) if dataset and turn == 0 else None


def _measure(model: ModelResult, job: Job, heard: Callable[[str], None]) -> ModelResult:
    """Do one job in a child process and add what came out to `model`."""
    earlier = next((each for each in model.measurements if each.threads == job.threads), None)
    if earlier and earlier.failure:
        return model
    heard(model.name)
    answer = _ask(job, lambda doing: heard(f"{model.name}: {doing}"))
    measurement = earlier or Measurement(threads=job.threads)
    others = tuple(each for each in model.measurements if each is not earlier)
    new = replace(
        measurement,
        runs=(*measurement.runs, answer.run) if answer.run else measurement.runs,
        quality=measurement.quality or answer.quality,
        failure=answer.failure,
    )
    in_order = sorted((*others, new), key=lambda each: job.options.threads.index(each.threads))
    return replace(model, measurements=tuple(in_order))


def _masks(folder: str, index: int, threads: int) -> Path:
    """Where the child puts the masks of one model with one number of threads."""
    return Path(folder) / f"{index}-{threads}"


def _compare(models: Sequence[ModelResult], folder: str) -> list[ModelResult]:
    """Say in how many mask pixels each model differs from the first float32 one with as many threads."""
    reference = next((index for index, model in enumerate(models) if model.is_float32), None)
    if reference is None:
        return list(models)
    compared = []
    for index, model in enumerate(models):
        measurements = []
        for each in model.measurements:
            paths = [_masks(folder, number, each.threads) for number in (index, reference)]
            if each.quality and _has_quality(models[reference], each.threads):
                masks, others = (path.read_bytes() for path in paths)
                measurements.append(replace(each, quality=compare_masks(each.quality, masks, others)))
            else:
                measurements.append(each)
        compared.append(replace(model, measurements=tuple(measurements)))
    return compared


def _has_quality(model: ModelResult, threads: int) -> bool:
    return any(each.quality and each.threads == threads for each in model.measurements)


def _ask(job: Job, heard: Callable[[str], None]) -> Answer:
    timeout, limit = job.options.timeout_seconds, job.options.memory_limit_mb
    ending = ask(_CHILD, job.to_dict(), timeout_seconds=timeout, heard=heard)
    if ending.answer is not None:
        return Answer.from_dict(ending.answer)
    return Answer(failure=explain(ending, timeout_seconds=timeout, memory_limit_mb=limit))


def _refuse_if_all_bad(result: BenchResult) -> None:
    measurements = [measurement for model in result.models for measurement in model.measurements]
    failures = [measurement.failure for measurement in measurements if measurement.failure]
    if failures and len(failures) == len(measurements) and all(each.kind == "refused" for each in failures):
        raise ResultError("; ".join(dict.fromkeys(each.reason for each in failures)))
