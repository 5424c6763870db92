"""What the run.json of a training run states: how it was begun, and what became of it by now.

Reading it needs no TensorFlow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from edgeseg.data.dataset import SegmentationDataset
from edgeseg.data.splits import SPLITS
from edgeseg.errors import ConfigError
from edgeseg.model.fine_tuning import METHODS, MethodOptions, QatOptions
from edgeseg.model.interface import Interface
from edgeseg.networks.training import TrainingConfig
from edgeseg.records import from_data, stored, to_data
from edgeseg.settings import check_choice

#: 1: first version.
SCHEMA_VERSION = 1

#: What `Origin.method` is of a run that starts from fresh weights.
SCRATCH = "scratch"

#: What comes before the name of a figure that is measured on the validation split.
VALIDATION = "val_"

#: Name of a tensor -> the least and the greatest value that its integers stand for.
Ranges = Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredOrigin:
    """An `Origin` as it is stored; attributes as there."""

    method: str
    settings: Mapping[str, Any] | None = field(default=None, metadata=stored(omit_default=True))
    parent_sha256: str | None = field(default=None, metadata=stored(omit_default=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a run comes from: fresh weights, or another run that is fine-tuned.

    Attributes:
        settings: of the method of fine-tuning; None: trained from fresh weights.
        parent_sha256: digest of the model that it starts from; None likewise.
    """

    settings: MethodOptions | None = None
    parent_sha256: str | None = None

    @property
    def method(self) -> str:
        """`scratch`, or what a run of the method is called: `int8-qat`, `pruned`."""
        return self.settings.run if self.settings else SCRATCH

    @property
    def quantization_aware(self) -> bool:
        """Whether its model is a float network that is to be rounded on the ranges of its record."""
        return isinstance(self.settings, QatOptions)

    def to_stored(self) -> StoredOrigin:
        """With the name of the method, and its settings as JSON-able data."""
        settings = to_data(self.settings) if self.settings else None
        return StoredOrigin(method=self.method, settings=settings, parent_sha256=self.parent_sha256)

    @classmethod
    def from_stored(cls, value: StoredOrigin) -> Self:
        """`ConfigError` where the method or a setting is not known."""
        if value.method == SCRATCH:
            return cls()
        kinds = {kind.run: kind for kind in METHODS.values()}
        check_choice("method", value.method, [SCRATCH, *kinds])
        kind = kinds[value.method]
        settings = from_data(kind, value.settings, where=f"the settings of {value.method}", error=ConfigError)
        return cls(settings=settings, parent_sha256=value.parent_sha256)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedOn:
    """The data set of a run.

    Attributes:
        name: of the data set.
        root: where it lay when the run was begun.
        digest: over its images, masks and splits.
        images: how many, by split.
    """

    name: str
    root: str
    digest: str
    images: Mapping[str, int]

    @classmethod
    def of(cls, dataset: SegmentationDataset) -> Self:
        """The facts about a data set that is there."""
        return cls(
            name=dataset.name,
            root=str(dataset.root.resolve()),
            digest=dataset.digest,
            images={split: sum(each.split == split for each in dataset.samples) for split in SPLITS},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Where and with what a process computes.

    Attributes:
        edgeseg: its version.
        python: its version.
        packages: versions of those that decide the result.
        platform: system and processor, as Python names them.
        cores: that the process may use.
        gpus: names of the GPUs that TensorFlow sees.
    """

    edgeseg: str
    python: str
    packages: Mapping[str, str]
    platform: str
    cores: int
    gpus: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How good a model is on the validation split; stored as `{"val_dice": 0.95}`.

    Attributes:
        figure: of the task that decides which epoch is kept (`tasks.task.Task.figures`).
        value: 0 to 1.
    """

    figure: str
    value: float

    def to_stored(self) -> Mapping[str, float]:
        """The value under the name that it has in history.csv."""
        return {f"{VALIDATION}{self.figure}": self.value}

    @classmethod
    def from_stored(cls, value: Mapping[str, float]) -> Self:
        """From `to_stored`'s data; `ConfigError` where it does not fit."""
        figures = [key for key in value if key.startswith(VALIDATION)]
        if len(value) != 1 or not figures:
            raise ConfigError(
                f"expected one figure, as {VALIDATION}dice, but got {', '.join(value) or 'none'}"
            )
        return cls(figure=figures[0].removeprefix(VALIDATION), value=value[figures[0]])


@dataclass(frozen=True, slots=True, kw_only=True)
class BestEpoch:
    """The epoch whose model is kept; stored as `{"epoch": 4, "val_dice": 0.95}`.

    Attributes:
        epoch: counted from 1; 0: the model as it was before the first step.
        score: of its model.
    """

    epoch: int
    score: Score

    def to_stored(self) -> Mapping[str, float]:
        """The epoch, and its figure beside it."""
        return {"epoch": self.epoch, **self.score.to_stored()}

    @classmethod
    def from_stored(cls, value: Mapping[str, float]) -> Self:
        """From `to_stored`'s data; `ConfigError` where it does not fit."""
        epoch = value["epoch"]
        if epoch != int(epoch):
            raise ConfigError(f"expected a whole number as the epoch, but got {epoch:g}")
        score = Score.from_stored({key: each for key, each in value.items() if key != "epoch"})
        return cls(epoch=int(epoch), score=score)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """What run.json states.

    Attributes:
        name: of the network.
        network: what is trained, its configuration as stored data.
        training: how.
        interface: of the network: what its input and its maps mean; None in a run of version 0.1, which has
            grey in and one foreground map out.
        origin: what it started from.
        dataset: what it is trained on.
        environment: in which it was begun.
        best: the epoch whose model is kept; None before there is one.
        finished: whether the last epoch was run.
        ranges: of a quantization-aware run: those that its activations are rounded on; None before they are
            measured.
        agreement: of a quantization-aware run, by epoch: share of mask pixels, 0 to 1, on which the file and
            its Keras model agreed.
        start: of a run whose model is judged before the first step.
    """

    name: str
    network: Mapping[str, Any]
    training: TrainingConfig
    interface: Interface | None = field(default=None, metadata=stored(omit_default=True))
    origin: Origin
    dataset: TrainedOn
    environment: Environment
    best: BestEpoch | None = None
    finished: bool = False
    ranges: Ranges | None = field(default=None, metadata=stored(omit_default=True))
    agreement: Mapping[str, float] | None = field(default=None, metadata=stored(omit_default=True))
    start: Score | None = field(default=None, metadata=stored(omit_default=True))
