"""How the variants that need training of their own are fine-tuned: one frozen dataclass a method.

The class of a method's settings is its one description: what it is called in settings, in names of sources
and as a run. `FineTuning` lists them all. On the edge side, so that help texts need no TensorFlow. On the
command line: `edgeseg export RUN --out DIR --variant int8-qat --set qat.epochs=3`.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, ClassVar

from edgeseg.errors import ConfigError
from edgeseg.settings import check_choice, check_range, names_of, parse_value, split_setting


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodOptions:
    """What every method of fine-tuning is told.

    Attributes:
        method: its name, as in `--set qat.epochs=3`.
        source: what a network is called that it made, as in `Recipe.source`.
        run: name of the run that it leaves in `variants/` of the run that it starts from.
        epochs: passes over the training images.
        batch_size: crops a step.
        learning_rate: at the start; falls to zero by half a cosine.
        teacher: weight in the loss, 0 (none) to 1 (no ground truth), of the answer of the network that the
            method starts from.
    """

    method: ClassVar[str]
    source: ClassVar[str]
    run: ClassVar[str]

    epochs: int
    batch_size: int = 8
    learning_rate: float = 1e-3
    teacher: float = 0.5

    def __post_init__(self) -> None:
        self.check("epochs", 1, 100_000)
        self.check("batch_size", 1, 4096)
        self.check("learning_rate", 1e-9, 10)
        self.check("teacher", 0, 1)

    def check(self, setting: str, low: float, high: float) -> None:
        """Refuse a setting out of range, with a `ConfigError`."""
        check_range(f"{self.method}.{setting}", getattr(self, setting), low, high)


@dataclass(frozen=True, slots=True, kw_only=True)
class QatOptions(MethodOptions):
    """Quantization-aware fine-tuning.

    The learning rate is low, since the network is already where a long training ended: with five times as
    much, a `unet-16` on nih3t3_phase lost 0.2 to 0.5 points of validation Dice in the first epoch and took
    six to win them back. In one run of three epochs there, a teacher of a half was 0.04 points better than
    none. The paper has crops of 6 a step (and 2 for comparison).
    """

    method = "qat"
    source = "qat"
    run = "int8-qat"

    epochs: int = 5
    batch_size: int = 6
    learning_rate: float = 2e-5


ALLOCATIONS = ("lamp", "uniform")


@dataclass(frozen=True, slots=True, kw_only=True)
class PruningOptions(MethodOptions):
    """Magnitude pruning while training goes on, with the unpruned network as teacher (the paper had none).

    Attributes:
        initial_sparsity: share of zero weights at the beginning of the pruning; the paper has 0.5.
        sparsity: share of zero weights at its end, over all kernels together.
        allocation: which weights go: `lamp` takes the least important of all kernels (the large, deep ones
            become sparser), `uniform` the same share of each, as the paper did.
        begin: share of the steps after which the pruning begins.
        end: share of the steps by which it ends; what follows is time to recover.
        frequency: steps between two prunings, at most; the paper has 100.
    """

    method = "pruning"
    source = "pruned"
    run = "pruned"

    epochs: int = 40
    initial_sparsity: float = 0.5
    sparsity: float = 0.9
    begin: float = 0.0
    end: float = 0.6
    frequency: int = 100
    allocation: str = "lamp"

    def __post_init__(self) -> None:
        MethodOptions.__post_init__(self)
        self.check("sparsity", 0, 0.99)
        self.check("initial_sparsity", 0, self.sparsity)
        self.check("begin", 0, 0.99)
        self.check("end", self.begin + 0.01, 1)
        self.check("frequency", 1, 100_000)
        check_choice("pruning.allocation", self.allocation, ALLOCATIONS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusteringOptions(MethodOptions):
    """Weights of a pruned network, its teacher, that share few values, and what learns to live with them.

    Attributes:
        clusters: different values in each kernel, in units of its channel's largest weight, zero not
            counted; even, since the sign is free.
    """

    method = "clustering"
    source = "clustered"
    run = "clustered"

    clusters: int = 8
    epochs: int = 5
    learning_rate: float = 3e-4

    def __post_init__(self) -> None:
        MethodOptions.__post_init__(self)
        self.check("clusters", 2, 254)
        if self.clusters % 2:
            raise ConfigError(f"expected an even clustering.clusters, but got {self.clusters}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SlimOptions(MethodOptions):
    """Structured pruning: a network with fewer channels, fine-tuned with the float run as its teacher.

    All limits that are given hold; where none is, a fifth of the multiply-accumulates is kept.

    Attributes:
        keep: share of the multiply-accumulates that is kept at most; 0: no such limit.
        target_macs: multiply-accumulates of one inference at most; 0: no such limit.
        target_bytes: size of the float32 file at most; 0: no such limit.
        target_latency: time of its float32 file over that of the float run's at most, both measured here on
            one thread while the widths are chosen; 0: no such limit.
        teacher_run: folder of another trained run that teaches, a larger network for one; empty: the float
            run itself.
    """

    method = "slim"
    source = "slim"
    run = "slim"

    epochs: int = 20
    keep: float = 0.0
    target_macs: int = 0
    target_bytes: int = 0
    target_latency: float = 0.0
    teacher_run: str = ""

    def __post_init__(self) -> None:
        MethodOptions.__post_init__(self)
        self.check("keep", 0, 1)
        self.check("target_macs", 0, 10**15)
        self.check("target_bytes", 0, 2**31)
        self.check("target_latency", 0, 1)
        if self.teacher_run and not self.teacher:
            raise ConfigError("slim.teacher_run changes nothing while slim.teacher, its weight, is 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class FineTuning:
    """The settings of every method, each under the method's name."""

    qat: QatOptions = field(default_factory=QatOptions)
    pruning: PruningOptions = field(default_factory=PruningOptions)
    clustering: ClusteringOptions = field(default_factory=ClusteringOptions)
    slim: SlimOptions = field(default_factory=SlimOptions)

    def of(self, method: str) -> MethodOptions:
        """The settings of one method."""
        options: MethodOptions = getattr(self, method)
        return options

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data."""
        return asdict(self)


#: Every method by name.
METHODS: Mapping[str, type[MethodOptions]] = types.MappingProxyType(
    {each.name: type(getattr(FineTuning(), each.name)) for each in fields(FineTuning)}
)


def source_name(methods: Sequence[str]) -> str:
    """What a network is called that these methods made, one after the other: `pruned-qat`."""
    return "-".join(METHODS[each].source for each in methods) or "base"


def run_path(methods: Sequence[str]) -> Path:
    """Where the run of the last of these methods lies in the folder of the trained run."""
    return Path(*(part for each in methods for part in ("variants", METHODS[each].run)))


def setting_names() -> list[str]:
    """Every key that `override` takes."""
    return [f"{method}.{name}" for method, kind in METHODS.items() for name in names_of(kind)]


def override(base: FineTuning, settings: Iterable[str]) -> FineTuning:
    """Change settings: `qat.epochs=3`, `pruning.sparsity=0.8`; later ones win.

    Raises:
        ConfigError: no `=`, no such key, or a value that does not fit.
    """
    for setting in settings:
        key, text = split_setting(setting, setting_names())
        method, _, name = key.partition(".")
        options = base.of(method)
        changed: dict[str, Any] = {method: replace(options, **parse_value(type(options), key, name, text))}
        base = replace(base, **changed)
    return base
