"""Saving and loading Keras models. A file that is loaded is data, never code: see `load_best`."""

from __future__ import annotations

import contextlib
import zipfile
from pathlib import Path
from typing import Any

from edgeseg import files
from edgeseg.errors import TrainingError
from edgeseg.host.training.build import build_network, in_float32
from edgeseg.host.training.keras import keras
from edgeseg.host.training.run_folder import RunFolder

#: The member of a .keras file that holds the weights, as HDF5.
WEIGHTS = "model.weights.h5"


def save_model(model: Any, path: Path) -> None:
    """Save a Keras model atomically, without optimizer and losses; `OutputError` if it fails."""
    partial = path.with_name(f".{path.stem}.partial.keras")
    try:
        keras.Model(model.inputs, model.outputs, name=model.name).save(partial)
        partial.replace(path)
    except OSError as error:
        raise files.output_error(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def load_best(run: RunFolder) -> Any:
    """The best epoch's model, in float32.

    A run folder may come from anywhere, and a Keras model may hold code (a Lambda layer; in an HDF5 file,
    which Keras takes under any name, even where it is told to load nothing unsafe). So the network is built
    from the run's own configuration, and nothing but the weights is read from the file.

    Raises:
        TrainingError: no epoch has been finished; or the file is no Keras model that edgeseg wrote, or holds
            weights of another network.
    """
    path = run.best_model
    if not path.exists():
        raise TrainingError(
            f"{run.path} holds no finished epoch yet; train it on with `edgeseg train ... --resume`"
        )
    if not _holds_weights(path):
        raise TrainingError(
            f"expected a .keras file as edgeseg writes it, a zip archive with {WEIGHTS}, but {path} is none; "
            "nothing was loaded from it: copy the run folder again, or train again"
        )
    with in_float32():
        model = build_network(run.network, folded=run.origin.quantization_aware)
    try:
        model.load_weights(path)
    except (OSError, ValueError, KeyError, RuntimeError, NotImplementedError, zipfile.BadZipFile) as error:
        raise TrainingError(
            f"the weights in {path} are not those of {run.network.name}, which run.json states, or are "
            "damaged; copy the run folder again, or train again"
        ) from error
    return model


def _holds_weights(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return WEIGHTS in archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False
