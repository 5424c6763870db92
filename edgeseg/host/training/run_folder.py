"""The folder that a training run leaves behind, and its layout.

run.json       configuration, environment, data set digest, best epoch
history.csv    one line an epoch
best.keras     the weights of the best epoch by pooled validation Dice
checkpoints/   weights, optimizer state and epoch of the last finished epochs, for --resume
tensorboard/   logs
"""

from __future__ import annotations

import contextlib
import csv
import fcntl
import importlib.metadata
import os
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from edgeseg import files
from edgeseg._version import __version__
from edgeseg.data.dataset import SegmentationDataset
from edgeseg.data.splits import SPLITS
from edgeseg.errors import OutputError, TrainingError
from edgeseg.host.training.keras import tf
from edgeseg.networks.training import TrainingConfig
from edgeseg.networks.unet import UNetConfig

#: 1: first version.
SCHEMA_VERSION = 1

HISTORY = (
    "epoch", "steps", "learning_rate", "seconds", "loss",
    "dice", "iou", "precision", "recall", "accuracy",
    "val_dice", "val_iou", "val_precision", "val_recall", "val_accuracy",
)  # fmt: skip

Row = dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFolder:
    """A run's folder with the configuration that it was started with.

    Attributes:
        path: the folder.
        network: what is trained.
        training: how.
        dataset: name, root, digest and numbers of images.
        origin: `method` and what it started from: nothing (`scratch`), or another run.
    """

    path: Path
    network: UNetConfig
    training: TrainingConfig
    dataset: dict[str, Any]
    origin: dict[str, Any]

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
    network: UNetConfig,
    training: TrainingConfig,
    dataset: SegmentationDataset,
    *,
    force: bool,
    origin: Mapping[str, Any] = MappingProxyType({"method": "scratch"}),
) -> RunFolder:
    """Make a new run folder.

    Args:
        path: the folder to make.
        network: what to train.
        training: how.
        dataset: on what.
        force: replace a run that is there.
        origin: the method, its settings, and the run that it starts from.

    Raises:
        OutputError: the folder holds something and `force` is not set, or cannot be written.
    """
    with files.staged_folder(path, marker="run.json", force=force) as stage:
        description = {
            "schema_version": SCHEMA_VERSION,
            "name": network.name,
            "network": network.to_dict(),
            "training": training.to_dict(),
            "origin": dict(origin),
            "dataset": {
                "name": dataset.name,
                "root": str(dataset.root.resolve()),
                "digest": dataset.digest,
                "images": {split: sum(s.split == split for s in dataset.samples) for split in SPLITS},
            },
            "environment": environment(),
            "best": None,
            "finished": False,
        }
        files.write_json(stage / "run.json", description)
    return open_run(path)


def open_run(path: Path) -> RunFolder:
    """Open a run folder.

    Raises:
        TrainingError: it is none, or was made by another version.
    """
    value = files.read_json(path / "run.json", kind="a training run", error=TrainingError)
    if value.get("schema_version") != SCHEMA_VERSION:
        raise TrainingError(
            f"expected schema_version {SCHEMA_VERSION} in {path / 'run.json'}, but got "
            f"{value.get('schema_version')}; use the edgeseg version that made it, or train again"
        )
    try:
        return RunFolder(
            path=path,
            network=UNetConfig.from_dict(value["network"]),
            training=TrainingConfig.from_dict(value["training"]),
            dataset=value["dataset"],
            origin=value["origin"],
        )
    except KeyError as error:
        raise TrainingError(
            f"expected {error} in {path / 'run.json'}, but it is not there; train again"
        ) from None


def environment() -> dict[str, Any]:
    """Where and with what this process computes."""
    packages = ("tensorflow", "tf-keras", "numpy", "opencv-python-headless")
    return {
        "edgeseg": __version__,
        "python": platform.python_version(),
        "packages": {name: importlib.metadata.version(name) for name in packages},
        "platform": platform.platform(),
        "cores": len(os.sched_getaffinity(0)),
        "gpus": [
            tf.config.experimental.get_device_details(device).get("device_name", device.name)
            for device in tf.config.list_physical_devices("GPU")
        ],
    }


def read_history(run: RunFolder) -> list[Row]:
    """The finished epochs, each metric by the names in `HISTORY`."""
    path = run.path / "history.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


def best_row(run: RunFolder) -> Row:
    """The epoch whose model is kept."""
    best = read_run(run)["best"]
    # A run that was killed between keeping a model and writing the history has the summary only.
    return next((row for row in read_history(run) if row["epoch"] == best["epoch"]), best)


def _number(value: float) -> float | int:
    return int(value) if value.is_integer() else value


def write_history(run: RunFolder, rows: list[Row]) -> None:
    """Replace the history."""
    # In full, so that what is read back is what was kept; a whole number is written as one.
    body = [[_number(float(row[key])) for key in HISTORY] for row in rows]
    files.write_csv(run.path / "history.csv", HISTORY, body)


def read_run(run: RunFolder) -> dict[str, Any]:
    """All that run.json states by now."""
    return files.read_json(run.path / "run.json", kind="a training run", error=TrainingError)


def update_run(run: RunFolder, **values: Any) -> None:
    """Change top-level values of run.json."""
    files.write_json(run.path / "run.json", read_run(run) | values)


@contextlib.contextmanager
def locked(run: RunFolder) -> Iterator[None]:
    """Keep a second process out of the folder; the lock ends with the process, however it ends.

    Raises:
        OutputError: another process trains in it.
    """
    with (run.path / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OutputError(
                f"another process is training in {run.path}; wait for it, or choose another --out"
            ) from None
        yield
