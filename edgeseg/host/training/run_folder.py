"""The folder that a training run leaves behind, and its layout.

run.json       configuration, environment, data set digest, best epoch
history.csv    one line an epoch
best.keras     the weights of the best epoch, by the first of the task's figures on validation
checkpoints/   weights, optimizer state and epoch of the last finished epochs, for --resume
tensorboard/   logs
"""

from __future__ import annotations

import csv
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgeseg import files, locks, records
from edgeseg.data.dataset import SegmentationDataset
from edgeseg.errors import ConfigError, TrainingError
from edgeseg.host.training.environment import environment
from edgeseg.host.training.record import SCHEMA_VERSION, VALIDATION, Origin, RunRecord, TrainedOn
from edgeseg.host.training.tasks.registry import task_of
from edgeseg.model.interface import Interface, float_interface, foreground_maps
from edgeseg.networks.families import network_from_dict
from edgeseg.networks.network import Network
from edgeseg.networks.training import TrainingConfig

#: Of each epoch, before the figures on the validation images: the mask's counts are of the training crops.
_COLUMNS = (
    "epoch", "steps", "learning_rate", "seconds", "loss",
    "dice", "iou", "precision", "recall", "accuracy",
)  # fmt: skip

Row = dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFolder:
    """A run's folder with what it was begun with.

    Attributes:
        path: the folder.
        network: what is trained.
        training: how.
        interface: of the network.
        dataset: on what.
        origin: what it started from.
    """

    path: Path
    network: Network
    training: TrainingConfig
    interface: Interface
    dataset: TrainedOn
    origin: Origin

    @property
    def best_model(self) -> Path:
        """The best epoch's Keras model."""
        return self.path / "best.keras"

    @property
    def checkpoints(self) -> Path:
        """Folder of the resumable checkpoints."""
        return self.path / "checkpoints"


def create_run(
    path: Path,
    network: Network,
    training: TrainingConfig,
    dataset: SegmentationDataset,
    *,
    force: bool,
    interface: Interface | None = None,
    origin: Origin | None = None,
) -> RunFolder:
    """Make a new run folder.

    Args:
        path: the folder to make.
        network: what to train.
        training: how.
        dataset: on what.
        force: replace a run that is there.
        interface: what input and maps of the network mean; None: grey in, one foreground map out.
        origin: what it starts from; None: from fresh weights.

    Raises:
        ConfigError: the interface is not the network's.
        OutputError: the folder holds something and `force` is not set, or cannot be written.
    """
    interface = interface or _default_interface(network)
    _refuse_other_interface(network, interface)
    record = RunRecord(
        name=network.name,
        network=network.to_dict(),
        training=training,
        interface=interface,
        origin=origin or Origin(),
        dataset=TrainedOn.of(dataset),
        environment=environment(),
    )
    with files.staged_folder(path, marker="run.json", force=force) as stage:
        _write_record(stage, record)
    return open_run(path)


def open_run(path: Path) -> RunFolder:
    """Open a run folder.

    Raises:
        TrainingError: it is none, or was made by another version.
    """
    record = _read_record(path)
    network = network_from_dict(record.network)
    return RunFolder(
        path=path,
        network=network,
        training=record.training,
        interface=record.interface or _default_interface(network),
        dataset=record.dataset,
        origin=record.origin,
    )


def _default_interface(network: Network) -> Interface:
    size = network.input_size
    return float_interface(size, size, channels=network.channels, maps=foreground_maps(network.maps))


def _refuse_other_interface(network: Network, interface: Interface) -> None:
    wanted = (network.input_size, network.input_size, network.channels, network.maps)
    stated = (*interface.size, interface.channels, len(interface.maps))
    if stated != wanted:
        raise ConfigError(
            "expected an interface of the height, width, channels and maps "
            f"{wanted}, as {network.name} has, but got {stated}"
        )


def digest_best(run: RunFolder) -> str:
    """SHA-256 of the best model's file; `TrainingError` where no epoch is finished."""
    if not run.best_model.exists():
        raise TrainingError(f"{run.path} holds no finished epoch yet; train it first")
    return files.sha256(run.best_model)


def read_history(run: RunFolder) -> list[Row]:
    """The finished epochs, each metric by the names in `history_columns`."""
    path = run.path / "history.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


def best_row(run: RunFolder) -> Row:
    """The epoch whose model is kept."""
    best = read_record(run).best
    if best is None:
        raise TrainingError(f"{run.path} holds no finished epoch yet; train it first")
    # A run that was killed between keeping a model and writing the history has the summary only.
    return next((row for row in read_history(run) if row["epoch"] == best.epoch), {**best.to_stored()})


def history_columns(interface: Interface) -> tuple[str, ...]:
    """The columns of history.csv, of a run with an interface."""
    return (*_COLUMNS, *(f"{VALIDATION}{name}" for name in task_of(interface).figures))


def _number(value: float) -> float | int:
    return int(value) if value.is_integer() else value


def write_history(run: RunFolder, rows: list[Row]) -> None:
    """Replace the history."""
    # In full, so that what is read back is what was kept; a whole number is written as one.
    columns = history_columns(run.interface)
    body = [[_number(float(row[key])) for key in columns] for row in rows]
    files.write_csv(run.path / "history.csv", columns, body)


def read_record(run: RunFolder) -> RunRecord:
    """All that run.json states by now; errors as in `open_run`."""
    return _read_record(run.path)


def update_record(run: RunFolder, **changes: Any) -> None:
    """Change fields of the record (`RunRecord`)."""
    _write_record(run.path, replace(read_record(run), **changes))


def _read_record(folder: Path) -> RunRecord:
    return records.read_record(
        RunRecord,
        folder / "run.json",
        kind="a training run",
        versions=(SCHEMA_VERSION,),
        error=TrainingError,
        cure="use the edgeseg version that made it, or train again",
    )


def _write_record(folder: Path, record: RunRecord) -> None:
    records.write_record(folder / "run.json", record, version=SCHEMA_VERSION)


def locked(run: RunFolder) -> AbstractContextManager[None]:
    """Keep a second process out of the folder; the lock ends with the process, however it ends.

    Raises:
        OutputError: another process trains in it, or it cannot be written.
    """
    taken = f"another process is training in {run.path}; wait for it, or choose another --out"
    return locks.locked(run.path / ".lock", taken=taken)
