"""How to train: one frozen dataclass.

It lies on the edge side, so that help texts and metadata need no TensorFlow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from edgeseg.model.preprocessing import Preprocessing
from edgeseg.settings import check_choice, check_range, from_stored

LOSSES = ("bce", "dice-bce", "dice-focal", "jaccard-bce")
OPTIMIZERS = ("adam", "nadam", "rmsprop", "adagrad")
SCHEDULES = ("cosine", "paper")

#: What schedules were called in version 0.1 -> their names.
_FORMER_SCHEDULES = {"study": "paper"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingConfig:
    """How to train.

    Attributes:
        optimizer: `adam`, `nadam`, `rmsprop` or `adagrad`.
        loss: `bce`, `dice-bce`, `dice-focal` or `jaccard-bce`.
        schedule: `cosine` falls to zero; `paper` holds the learning rate for the first 40 % of the
            epochs (40 of 100), then lets it fall exponentially to a thousandth (1e-4 to 1e-7).
        learning_rate: at the start; the paper has 1e-4.
        epochs: passes over the training images.
        batch_size: crops a step.
        crop_size: height and width of the random crop, pixels; 0 trains on whole images.
        flip: random horizontal and vertical flips.
        rotate: random right-angle rotations.
        brightness: greatest shift, as a share of the range of grey values.
        contrast: greatest relative change of contrast about the crop's mean.
        seed: of weights, order and augmentation.
        mixed_precision: float16 arithmetic with float32 weights; for GPUs.
        xla: compile the step with XLA.
        preprocessing: the one that calibration, bench and prediction use too.
    """

    optimizer: str = "rmsprop"
    loss: str = "jaccard-bce"
    schedule: str = "cosine"
    learning_rate: float = 1e-3
    epochs: int = 20
    batch_size: int = 8
    crop_size: int = 128
    flip: bool = True
    rotate: bool = True
    brightness: float = 0.1
    contrast: float = 0.2
    seed: int = 0
    mixed_precision: bool = False
    xla: bool = False
    preprocessing: Preprocessing = field(default_factory=Preprocessing)

    def __post_init__(self) -> None:
        schedule = _FORMER_SCHEDULES.get(self.schedule, self.schedule)
        object.__setattr__(self, "schedule", schedule)
        check_choice("optimizer", self.optimizer, OPTIMIZERS)
        check_choice("loss", self.loss, LOSSES)
        check_choice("schedule", self.schedule, SCHEDULES)
        check_range("learning_rate", self.learning_rate, 1e-9, 10)
        check_range("epochs", self.epochs, 1, 100_000)
        check_range("batch_size", self.batch_size, 1, 4096)
        check_range("crop_size", self.crop_size, 0, 8192)
        check_range("brightness", self.brightness, 0, 1)
        check_range("contrast", self.contrast, 0, 1)
        check_range("seed", self.seed, 0, 2**31 - 1)

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        """From `to_dict`'s data; `ConfigError` on a key or value that does not fit."""
        value = dict(value)
        if isinstance(value.get("preprocessing"), Mapping):
            value["preprocessing"] = Preprocessing.from_dict(dict(value["preprocessing"]))
        return from_stored(cls, value)
