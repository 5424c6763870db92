"""Bench model files: each in child processes of its own, one after another, in turns."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from edgeseg._version import __version__
from edgeseg.audit.audit import audit_model
from edgeseg.audit.notes import explain as explain_audit
from edgeseg.audit.notes import explain_interface
from edgeseg.bench.bench_options import BenchOptions
from edgeseg.bench.child import Answer, Job
from edgeseg.bench.measurement import Measurement
from edgeseg.bench.models import display_names
from edgeseg.bench.panels import MaskFolder, choose_panels
from edgeseg.bench.quality import compare_masks, spread
from edgeseg.bench.result import BenchResult, DatasetUsed, ModelResult, Panel
from edgeseg.bench.size import measure_size
from edgeseg.data.dataset import SegmentationDataset
from edgeseg.errors import ArtifactError, ConfigError, EdgesegError, MissingDependencyError, ResultError
from edgeseg.files import sha256_bytes
from edgeseg.machine.description import read_machine
from edgeseg.machine.state import read_state
from edgeseg.model.artifact import Artifact, load_artifact
from edgeseg.model.audit_record import Audit
from edgeseg.model.runtimes.registry import find_runtime
from edgeseg.progress import Progress, silent
from edgeseg.workers.asking import NoAnswer, ask, command
from edgeseg.workers.failure import Failure


def run_bench(
    models: Sequence[Path],
    *,
    dataset: SegmentationDataset | None = None,
    split: str = "test",
    options: BenchOptions | None = None,
    reference: Path | None = None,
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
        reference: the one of `models` that masks are compared with; none: the first float32 one.
        progress: told (processes done, processes in all, what is being done).

    Raises:
        ConfigError: `reference` is not one of `models`.
        ResultError: every model was refused as bad input; the sentence says why.
        DatasetError: the split does not exist.
        MissingDependencyError: a runtime is not installed here.
    """
    options = options or BenchOptions()
    kinds = options.runtimes or (find_runtime().kind,)
    runtimes = {kind: str(find_runtime(kind)) for kind in kinds}
    samples = dataset.split(split) if dataset else ()
    shown = spread(samples, options.images)
    found = [
        _describe(path, name, kinds, options)
        for path, name in zip(models, display_names(models), strict=True)
    ]
    compared = _reference(models, found, reference)
    machine, before = read_machine(runtime=runtimes[kinds[0]]), read_state()
    panels: tuple[Panel, ...] = ()
    with tempfile.TemporaryDirectory(prefix="edgeseg-bench-") as folder:
        masks = MaskFolder(Path(folder))
        jobs = [
            Job(
                model=str(path),
                runtime=kind,
                threads=threads,
                options=options,
                # Once a runtime is enough: neither a second time nor more threads change the answer.
                data=str(dataset.root) if dataset and not turn and threads == options.threads[0] else None,
                split=split,
                masks=str(masks.path(index, kind)),
                asked_ns=0,
            )
            for turn in range(options.rounds)
            for kind in kinds
            for threads in options.threads
            for index, path in enumerate(models)
        ]
        complete = _work_off(jobs, found, progress)
        if compared is not None:
            found = [_compare(found[compared], compared, *each, masks) for each in enumerate(found)]
        if complete and shown and options.panels:
            panels = choose_panels(found, shown, masks, kinds[0], options.panels)
    result = BenchResult(
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        edgeseg=__version__,
        machine=machine,
        before=before,
        after=read_state(),
        options=options,
        dataset=_dataset_used(dataset, split, len(shown), len(samples)),
        runtimes=runtimes,
        reference=None if compared is None else found[compared].name,
        complete=complete,
        models=tuple(found),
        panels=panels,
    )
    _refuse_if_all_bad(result)
    return result


def _dataset_used(
    dataset: SegmentationDataset | None, split: str, images: int, of: int
) -> DatasetUsed | None:
    if dataset is None:
        return None
    return DatasetUsed(
        name=dataset.name, digest=dataset.digest, split=split, images=images, of=of, truth=dataset.kind
    )


def _describe(path: Path, name: str, kinds: Sequence[str], options: BenchOptions) -> ModelResult:
    """What can be told of a file without running it; measurements that cannot be are refused already."""
    try:
        artifact = load_artifact(path)
        audit = _audit(artifact, name)
    except EdgesegError as error:
        return ModelResult(
            name=name, variant="unknown", sha256=None, size=None, audit=None,
            measurements=_refused(kinds, options, str(error)),
        )  # fmt: skip
    return ModelResult(
        name=name,
        variant=artifact.variant,
        sha256=sha256_bytes(artifact.data),
        size=measure_size(artifact.data, xz_bytes=artifact.packed_bytes),
        audit=audit,
        measurements=(),
        notes=(*explain_audit(audit), *explain_interface(artifact)) if audit else (),
        tells_apart=_tells_apart(artifact),
    )


def _tells_apart(artifact: Artifact) -> bool:
    try:
        return artifact.find_interface().tells_apart
    except ArtifactError:  # said in the notes
        return False


def _refused(kinds: Sequence[str], options: BenchOptions, reason: str) -> tuple[Measurement, ...]:
    failure = Failure(kind="refused", reason=reason)
    return tuple(
        Measurement(runtime=kind, threads=threads, failure=failure)
        for kind in kinds
        for threads in options.threads
    )


def _audit(artifact: Artifact, name: str) -> Audit | None:
    try:
        return audit_model(artifact.data, name=name, names=artifact.names)
    except MissingDependencyError:  # tflite-runtime ships no schema; timing needs none
        return None


def _reference(models: Sequence[Path], found: Sequence[ModelResult], wanted: Path | None) -> int | None:
    """The number of the model that masks are compared with."""
    if wanted is None:
        return next((number for number, model in enumerate(found) if model.is_float32), None)
    for number, path in enumerate(models):
        if path.resolve() == wanted.resolve():
            return number
    names = ", ".join(model.name for model in found)
    raise ConfigError(f"expected one of the models as reference, but got {wanted}; models: {names}")


def _work_off(jobs: Sequence[Job], found: list[ModelResult], progress: Progress) -> bool:
    """Do the jobs, in turns, and put what comes out into `found`; false after an interrupt."""
    try:
        for number, job in enumerate(jobs):
            index = number % len(found)
            found[index] = _measure(found[index], job, partial(progress, number, len(jobs)))
        progress(len(jobs), len(jobs), "")
    except KeyboardInterrupt:
        return False
    return True


def _measure(model: ModelResult, job: Job, heard: Callable[[str], None]) -> ModelResult:
    """Do one job in a child process and add what came out to `model`."""
    earlier = model.measurement(job.runtime, job.threads)
    if earlier and earlier.failure:
        return model
    what = f"{model.name}, {job.runtime}, threads {job.threads}"
    heard(what)
    answer = ask(
        command("edgeseg.bench.child"),
        replace(job, asked_ns=time.monotonic_ns()),
        Answer,
        bounds=job.bounds,
        heard=lambda doing: heard(f"{what}: {doing}"),
    )
    new = earlier or Measurement(runtime=job.runtime, threads=job.threads)
    if isinstance(answer, NoAnswer):
        new = replace(new, failure=answer.failure)
    else:
        new = replace(new, runs=(*new.runs, answer.run), quality=new.quality or answer.quality)
    others = [each for each in model.measurements if each is not earlier]
    return replace(model, measurements=tuple(sorted((*others, new), key=partial(_place, job.options))))


def _place(options: BenchOptions, measurement: Measurement) -> tuple[int, int]:
    runtime = options.runtimes.index(measurement.runtime) if options.runtimes else 0
    return runtime, options.threads.index(measurement.threads)


def _compare(
    reference: ModelResult, reference_number: int, number: int, model: ModelResult, masks: MaskFolder
) -> ModelResult:
    """Say in how many mask pixels a model differs from the reference in the same runtime."""
    measurements = []
    for each in model.measurements:
        if each.quality and reference.quality(each.runtime):
            mine, others = (
                masks.path(index, each.runtime).read_bytes() for index in (number, reference_number)
            )
            measurements.append(replace(each, quality=compare_masks(each.quality, mine, others)))
        else:
            measurements.append(each)
    return replace(model, measurements=tuple(measurements))


def _refuse_if_all_bad(result: BenchResult) -> None:
    measurements = [measurement for model in result.models for measurement in model.measurements]
    failures = [measurement.failure for measurement in measurements if measurement.failure]
    if failures and len(failures) == len(measurements) and all(each.kind == "refused" for each in failures):
        raise ResultError("; ".join(dict.fromkeys(each.reason for each in failures)))
