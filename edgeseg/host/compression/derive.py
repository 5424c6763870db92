"""Runs that go on from another run: fine-tuning has a folder, a history and checkpoints like any training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from edgeseg import files
from edgeseg.data.dataset import SegmentationDataset
from edgeseg.errors import TrainingError
from edgeseg.host.training.fit import fit
from edgeseg.host.training.record import Origin
from edgeseg.host.training.run_folder import RunFolder, create_run, open_run, read_history
from edgeseg.host.training.trainee import Method
from edgeseg.model.fine_tuning import MethodOptions, run_path
from edgeseg.networks.network import Network
from edgeseg.networks.training import TrainingConfig
from edgeseg.progress import Progress
from edgeseg.records import to_data


def fine_tuned(
    parent: RunFolder,
    dataset: SegmentationDataset,
    options: MethodOptions,
    method: Method,
    *,
    network: Callable[[], Network] | None = None,
    training: Mapping[str, Any] = MappingProxyType({}),
    force: bool,
    progress: Progress,
) -> RunFolder:
    """Fine-tune a trained run, or go on with that; what is finished is left alone.

    Args:
        parent: the trained run.
        dataset: that the parent was trained on.
        options: of the method, kept with the run as its settings.
        method: makes what is trained.
        network: as for `derive_run`.
        training: further settings of `TrainingConfig` that differ from the parent's.
        force: begin again where the settings or the parent changed.
        progress: told the steps.

    Returns:
        The finished run `variants/NAME`, named after the method (`MethodOptions.run`).

    Raises:
        TrainingError: as `derive_run` and `fit`.
    """
    config = replace(
        parent.training,
        epochs=options.epochs,
        batch_size=options.batch_size,
        learning_rate=options.learning_rate,
        schedule="cosine",
        **training,
    )
    run = derive_run(parent, dataset, training=config, settings=options, network=network, force=force)
    if len(read_history(run)) < options.epochs:
        fit(run, dataset, method=method, progress=progress)
    return run


def derive_run(
    parent: RunFolder,
    dataset: SegmentationDataset,
    *,
    training: TrainingConfig,
    settings: MethodOptions,
    network: Callable[[], Network] | None = None,
    force: bool = False,
) -> RunFolder:
    """The run `variants/NAME` in the folder of `parent`: opened where it is there, else made.

    Args:
        parent: a run with a best model, which the new one starts from.
        dataset: that the parent was trained on.
        training: how to fine-tune.
        settings: of the method, whose `run` is the name of the folder.
        network: makes the network from parent and settings, where it is another than the parent's; asked
            only for a new run.
        force: begin again where the run that is there does not fit.

    Raises:
        TrainingError: the parent holds no finished epoch; or the run that is there was begun with other
            settings or from another model, and `force` is not set.
    """
    if not parent.best_model.exists():
        raise TrainingError(f"{parent.path} holds no finished epoch yet; train it before you fine-tune it")
    path = parent.path / run_path([settings.method])
    origin = Origin(settings=settings, parent_sha256=files.sha256(parent.best_model))
    if (path / "run.json").exists():
        there = open_run(path)
        difference = _difference(there, training, origin)
        if difference is None:
            return there
        if not force:
            raise TrainingError(
                f"{path} was begun with another {difference}; pass --force to begin again, or change it back"
            )
    chosen = network() if network else parent.network
    return create_run(path, chosen, training, dataset, force=force, interface=parent.interface, origin=origin)


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
