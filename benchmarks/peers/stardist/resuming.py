"""Training that survives Ctrl-C and `kill -9`: a checkpoint after each epoch, one file, renamed into place.

The checkpoint holds what the training needs to go on: the weights; those of the best epoch; Adam's moments,
its number of steps and its learning rate; what ReduceLROnPlateau counts; and the history. It does not hold
the state of the random numbers: after an interruption patches and augmentation are drawn from the seed and
the number of epochs, and the first pass over the images has the order of the very first one. What was done
of an epoch that was not finished is done again. So an interrupted run is as good as an undisturbed one, but
not the same to the bit.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import keras
import numpy as np

Arrays = list[np.ndarray[Any, Any]]


@dataclass
class TrainingState:
    """How far the training is.

    Attributes:
        settings: that it began with; a training with others is another one.
        epochs: done.
        steps: done, of which the last epoch may have fewer than the others.
        seconds: spent on them, with validation, over all sessions.
        sessions: how often the training was begun or gone on with.
        best: the least loss on validation; None before the first epoch.
        best_epoch: the epoch that had it, from 1.
        plateau: what ReduceLROnPlateau counts.
        history: of each epoch, its steps, the seconds that they took, those with validation, and its losses.
        weights: after the last epoch.
        best_weights: after the best epoch.
        optimizer: Adam's variables, of which the learning rate is one.
    """

    settings: dict[str, Any]
    epochs: int = 0
    steps: int = 0
    seconds: float = 0
    sessions: int = 0
    best: float | None = None
    best_epoch: int = 0
    plateau: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, float]] = field(default_factory=list)
    weights: Arrays = field(default_factory=list)
    best_weights: Arrays = field(default_factory=list)
    optimizer: Arrays = field(default_factory=list)

    def write(self, path: Path) -> None:
        """Write it beside its place, flush it to the disk, and rename it."""
        told = asdict(self)
        arrays = {f"{name}_{index}": array for name in _ARRAYS for index, array in enumerate(told.pop(name))}
        beside = path.with_name(f"{path.name}.new")
        with beside.open("wb") as file:
            np.savez(file, told=np.array(json.dumps(told)), **arrays)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)

    @classmethod
    def read(cls, path: Path) -> Self:
        """From `write`'s file."""
        with np.load(path) as stored:
            state = cls(**json.loads(str(stored["told"])))
            for name in _ARRAYS:
                count = sum(key.rpartition("_")[0] == name for key in stored.files)
                setattr(state, name, [stored[f"{name}_{index}"] for index in range(count)])
        return state


_ARRAYS = ("weights", "best_weights", "optimizer")


class Checkpoint(keras.callbacks.Callback):
    """Puts a state into the model at the beginning, keeps it after each epoch, and stops when time is up.

    It must stand behind ReduceLROnPlateau in the list of callbacks.

    Args:
        state: to go on from; it is changed as the training goes on.
        path: of the checkpoint.
        plateau: the ReduceLROnPlateau that the training has.
        seed: of what is drawn from here on, together with the number of epochs.
        minutes: how long the training may take, over all sessions; None for no limit.
    """

    def __init__(
        self, state: TrainingState, path: Path, plateau: Any, *, seed: int, minutes: float | None
    ) -> None:
        super().__init__()
        self._state, self._path, self._plateau = state, path, plateau
        self._seed, self._limit = seed, None if minutes is None else minutes * 60
        self._steps, self._trained = 0, 0.0
        self._epoch_began = time.monotonic()

    def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002
        state = self._state
        if state.weights:
            self.model.set_weights(state.weights)
            for variable, value in zip(self._variables(), state.optimizer, strict=True):
                variable.assign(value)
            for name, value in state.plateau.items():
                setattr(self._plateau, name, value)
        state.sessions += 1
        np.random.seed([self._seed, state.epochs])  # noqa: NPY002 - StarDist draws its patches from it
        self._epoch_began = time.monotonic()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        self._steps = 0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        self._steps += 1
        self._trained = time.monotonic() - self._epoch_began
        if self._limit is not None and self._spent() >= self._limit:
            self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        state, loss = self._state, float(logs["val_loss"])
        state.weights = self.model.get_weights()
        if state.best is None or loss < state.best:
            state.best, state.best_epoch, state.best_weights = loss, state.epochs + 1, state.weights
        state.optimizer = [np.asarray(each) for each in self._variables()]
        plateau = self._plateau
        state.plateau = {
            "best": float(plateau.best), "wait": plateau.wait, "cooldown_counter": plateau.cooldown_counter
        }  # fmt: skip
        spent = self._spent()
        state.history.append(
            {"steps": self._steps, "training_seconds": self._trained, "seconds": spent - state.seconds}
            | {name: float(value) for name, value in logs.items()}
        )
        state.seconds = spent
        state.epochs += 1
        state.steps += self._steps
        self._epoch_began = time.monotonic()
        state.write(self._path)

    def _spent(self) -> float:
        return self._state.seconds + time.monotonic() - self._epoch_began

    def _variables(self) -> Any:
        optimizer = self.model.optimizer
        if not optimizer.built:
            optimizer.build(self.model.trainable_variables)
        return optimizer.variables
