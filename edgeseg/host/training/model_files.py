"""Saving and loading Keras models."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from edgeseg import files
from edgeseg.errors import TrainingError
from edgeseg.host.training.keras import keras
from edgeseg.host.training.run_folder import RunFolder


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
    """The best epoch's model.

    Raises:
        TrainingError: no epoch has been finished.
    """
    if not run.best_model.exists():
        raise TrainingError(
            f"{run.path} holds no finished epoch yet; train it on with `edgeseg train ... --resume`"
        )
    return keras.models.load_model(run.best_model, compile=False)
