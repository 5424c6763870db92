"""Runs that go on from another run: fine-tuning has a folder, a history and checkpoints like any training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from edgeseg.data.dataset import SegmentationDataset
from edgeseg.errors import TrainingError
from edgeseg.host.training.fit import fit
from edgeseg.host.training.record import Origin
from edgeseg.host.training.run_folder import RunFolder, create_run, digest_best, open_run, read_history
from edgeseg.host.training.trainee import Method
from edgeseg.model.fine_tuning import MethodOptions, run_path
from edgeseg.networks.network import Network
from edgeseg.networks.training import TrainingConfig
from edgeseg.progress import Progress, silent
from edgeseg.records import to_data


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One fine-tuning to do: from which run, on what.

    Attributes:
        parent: the run that it starts from.
        parent_sha256: digest of that run's best model.
        dataset: that the parent was trained on.
        force: begin again where the settings or the parent changed since.
        progress: told the steps.
    """

    parent: RunFolder
    parent_sha256: str
    dataset: SegmentationDataset
    force: bool = False
    progress: Progress = silent


def job_of(
    parent: RunFolder, dataset: SegmentationDataset, *, force: bool = False, progress: Progress = silent
) -> Job:
    """A job from a run whose digest is not known yet; arguments as of `Job`.

    Raises:
        TrainingError: the parent holds no finished epoch.
    """
    digest = digest_best(parent)
    return Job(parent=parent, parent_sha256=digest, dataset=dataset, force=force, progress=progress)


def fine_tuned(
    job: Job,
    options: MethodOptions,
    method: Method,
    *,
    network: Callable[[], Network] | None = None,
    training: Mapping[str, Any] = MappingProxyType({}),
) -> RunFolder:
    """Fine-tune a trained run, or go on with that; what is finished is left alone.

    Args:
        job: from which run, on what.
        options: of the method, kept with the run as its settings.
        method: makes what is trained.
        network: makes the network, where it is another than the parent's; asked only for a new run.
        training: further settings of `TrainingConfig` that differ from the parent's.

    Returns:
        The finished run `variants/NAME`, named after the method (`MethodOptions.run`).

    Raises:
        TrainingError: the run that is there was begun with other settings or from another model, and `force`
            is not set; or as `fit`.
    """
    config = replace(
        job.parent.training,
        epochs=options.epochs,
        batch_size=options.batch_size,
        learning_rate=options.learning_rate,
        schedule="cosine",
        **training,
    )
    run = _find_run(job, config, options)
    if run is None:
        run = create_run(
            job.parent.path / run_path([options.method]),
            network() if network else job.parent.network,
            config,
            job.dataset,
            force=job.force,
            interface=job.parent.interface,
            origin=Origin(settings=options, parent_sha256=job.parent_sha256),
        )
    if len(read_history(run)) < options.epochs:
        fit(run, job.dataset, method=method, progress=job.progress)
    return open_run(run.path)  # with the interface of the model that was kept


def _find_run(job: Job, training: TrainingConfig, options: MethodOptions) -> RunFolder | None:
    """The run of an earlier time; None where there is none, or it does not fit and is to be replaced."""
    path = job.parent.path / run_path([options.method])
    if not (path / "run.json").exists():
        return None
    there = open_run(path)
    origin = Origin(settings=options, parent_sha256=job.parent_sha256)
    difference = _difference(there, training, origin)
    if difference is None:
        return there
    if job.force:
        return None
    raise TrainingError(
        f"{path} was begun with another {difference}; pass --force to begin again, or change it back"
    )


def _difference(there: RunFolder, training: TrainingConfig, origin: Origin) -> str | None:
    """The first thing in which a run differs from what is wanted."""
    if there.origin.parent_sha256 != origin.parent_sha256:
        return "float model (it was trained since)"
    pairs = [
        (to_data(there.origin.settings) or {}, to_data(origin.settings)),
        (there.training.to_dict(), training.to_dict()),
    ]
    for old, new in pairs:
        for key in new:
            if old.get(key) != new[key]:
                return f"{key} ({old.get(key)}, now {new[key]})"
    return None
