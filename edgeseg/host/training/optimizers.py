"""Optimizers and learning-rate schedules by name."""

from __future__ import annotations

import math
from typing import Any

from edgeseg.host.training.keras import keras, tf
from edgeseg.networks.training import TrainingConfig

#: The `paper` schedule holds the rate for this share of the epochs (40 of 100) ...
PAPER_HOLD = 0.4
#: ... and lets it fall by this factor until the end (1e-4 to 1e-7).
PAPER_FALL = 1e-3

OPTIMIZERS = {
    "adam": keras.optimizers.Adam,
    "nadam": keras.optimizers.Nadam,
    "rmsprop": keras.optimizers.RMSprop,
    "adagrad": keras.optimizers.Adagrad,
}


def build_optimizer(config: TrainingConfig, *, steps_per_epoch: int) -> Any:
    """The configured optimizer; its learning rate follows the schedule step by step."""
    schedule = Schedule(config.schedule, config.learning_rate, config.epochs * steps_per_epoch)
    return OPTIMIZERS[config.optimizer](learning_rate=schedule)


class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """Learning rate by step, of the optimizer's own step count: a resumed run goes on where it was."""

    def __init__(self, kind: str, start: float, steps: int) -> None:
        """Make a schedule.

        Args:
            kind: `cosine` (from `start` to zero, half a cosine) or `paper` (see `PAPER_HOLD`).
            start: the first learning rate.
            steps: of the whole training.
        """
        self.kind, self.start, self.steps = kind, start, steps

    def __call__(self, step: Any) -> Any:
        """The rate at `step`, counted from 0, as a scalar float32 tensor."""
        progress = tf.minimum(tf.cast(step, tf.float32) / self.steps, 1.0)
        if self.kind == "cosine":
            return self.start * 0.5 * (1 + tf.cos(math.pi * progress))
        falling = tf.maximum(progress - PAPER_HOLD, 0.0) / (1 - PAPER_HOLD)
        return self.start * tf.pow(PAPER_FALL, falling)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"kind": self.kind, "start": self.start, "steps": self.steps}
