"""How the variants that need training of their own are fine-tuned: one frozen dataclass a method.

On the edge side, so that help texts need no TensorFlow. On the command line:
`edgeseg export RUN --out DIR --variant int8-qat --set qat.epochs=3`.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from edgeseg.errors import ConfigError
from edgeseg.model.recipe import RECIPES
from edgeseg.settings import check_choice, check_range, names_of, parse_value, split_setting


@dataclass(frozen=True, slots=True, kw_only=True)
class QatOptions:
    """Quantization-aware fine-tuning.

    Attributes:
        epochs: passes over the training images.
        batch_size: crops a step; the study has 6 (and 2 for comparison).
        learning_rate: at the start; falls to zero by half a cosine. Low, since the network is already
            where a long training ended: with five times as much, a `unet-16` on nih3t3_phase lost 0.2 to
            0.5 points of validation Dice in the first epoch and took six to win them back.
        teacher: weight of the float network's answer in the loss, 0 (none) to 1 (no ground truth). In
            one run of three epochs there, a half was 0.04 points better than none.
    """

    epochs: int = 5
    batch_size: int = 6
    learning_rate: float = 2e-5
    teacher: float = 0.5

    def __post_init__(self) -> None:
        check_range("qat.epochs", self.epochs, 1, 100_000)
        check_range("qat.batch_size", self.batch_size, 1, 4096)
        check_range("qat.learning_rate", self.learning_rate, 1e-9, 10)
        check_range("qat.teacher", self.teacher, 0, 1)


ALLOCATIONS = ("lamp", "uniform")


@dataclass(frozen=True, slots=True, kw_only=True)
class PruningOptions:
    """Magnitude pruning while training goes on, with the unpruned network as teacher.

    Attributes:
        epochs: passes over the training images.
        batch_size: crops a step.
        learning_rate: at the start; falls to zero by half a cosine.
        initial_sparsity: share of zero weights at the beginning of the pruning; the study has 0.5.
        sparsity: share of zero weights at its end, over all kernels together.
        allocation: which weights go: `lamp` takes the least important of all kernels (the large, deep ones
            become sparser), `uniform` the same share of each, as the study did.
        begin: share of the steps after which the pruning begins.
        end: share of the steps by which it ends; what follows is time to recover.
        frequency: steps between two prunings, at most; the study has 100.
        teacher: weight of the unpruned network's answer in the loss, 0 (none, as in the study) to 1 (no
            ground truth).
    """

    epochs: int = 40
    batch_size: int = 8
    learning_rate: float = 1e-3
    initial_sparsity: float = 0.5
    sparsity: float = 0.9
    begin: float = 0.0
    end: float = 0.6
    frequency: int = 100
    allocation: str = "lamp"
    teacher: float = 0.5

    def __post_init__(self) -> None:
        check_range("pruning.epochs", self.epochs, 1, 100_000)
        check_range("pruning.batch_size", self.batch_size, 1, 4096)
        check_range("pruning.learning_rate", self.learning_rate, 1e-9, 10)
        check_range("pruning.sparsity", self.sparsity, 0, 0.99)
        check_range("pruning.initial_sparsity", self.initial_sparsity, 0, self.sparsity)
        check_range("pruning.begin", self.begin, 0, 0.99)
        check_range("pruning.end", self.end, self.begin + 0.01, 1)
        check_range("pruning.frequency", self.frequency, 1, 100_000)
        check_range("pruning.teacher", self.teacher, 0, 1)
        check_choice("pruning.allocation", self.allocation, ALLOCATIONS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusteringOptions:
    """Weights of a pruned network that share few values, and what learns to live with them.

    Attributes:
        clusters: different values in each kernel, in units of its channel's largest weight, zero not
            counted; even, since the sign is free.
        epochs: passes over the training images.
        batch_size: crops a step.
        learning_rate: at the start; falls to zero by half a cosine.
        teacher: weight of the pruned network's answer in the loss, 0 (none) to 1 (no ground truth).
    """

    clusters: int = 8
    epochs: int = 5
    batch_size: int = 8
    learning_rate: float = 3e-4
    teacher: float = 0.5

    def __post_init__(self) -> None:
        check_range("clustering.clusters", self.clusters, 2, 254)
        if self.clusters % 2:
            raise ConfigError(f"expected an even clustering.clusters, but got {self.clusters}")
        check_range("clustering.epochs", self.epochs, 1, 100_000)
        check_range("clustering.batch_size", self.batch_size, 1, 4096)
        check_range("clustering.learning_rate", self.learning_rate, 1e-9, 10)
        check_range("clustering.teacher", self.teacher, 0, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlimOptions:
    """Structured pruning: a network with fewer channels, fine-tuned with the float run as its teacher.

    All limits that are given hold; where none is, a fifth of the multiply-accumulates is kept.

    Attributes:
        epochs: passes over the training images.
        batch_size: crops a step.
        learning_rate: at the start; falls to zero by half a cosine.
        keep: share of the multiply-accumulates that is kept at most; 0: no such limit.
        target_macs: multiply-accumulates of one inference at most; 0: no such limit.
        target_bytes: size of the float32 file at most; 0: no such limit.
        target_latency: time of its float32 file over that of the float run's at most, both measured here on
            one thread while the widths are chosen; 0: no such limit.
        teacher: weight of the teacher's answer in the loss, 0 (none) to 1 (no ground truth).
        teacher_run: folder of another trained run that teaches, a larger network for one; empty: the float
            run itself.
    """

    epochs: int = 20
    batch_size: int = 8
    learning_rate: float = 1e-3
    keep: float = 0.0
    target_macs: int = 0
    target_bytes: int = 0
    target_latency: float = 0.0
    teacher: float = 0.5
    teacher_run: str = ""

    def __post_init__(self) -> None:
        check_range("slim.epochs", self.epochs, 1, 100_000)
        check_range("slim.batch_size", self.batch_size, 1, 4096)
        check_range("slim.learning_rate", self.learning_rate, 1e-9, 10)
        check_range("slim.keep", self.keep, 0, 1)
        check_range("slim.target_macs", self.target_macs, 0, 10**15)
        check_range("slim.target_bytes", self.target_bytes, 0, 2**31)
        check_range("slim.target_latency", self.target_latency, 0, 1)
        check_range("slim.teacher", self.teacher, 0, 1)
        if self.teacher_run and not self.teacher:
            raise ConfigError("slim.teacher_run changes nothing while slim.teacher, its weight, is 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class FineTuning:
    """The settings of every method."""

    qat: QatOptions = field(default_factory=QatOptions)
    pruning: PruningOptions = field(default_factory=PruningOptions)
    clustering: ClusteringOptions = field(default_factory=ClusteringOptions)
    slim: SlimOptions = field(default_factory=SlimOptions)

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data."""
        return asdict(self)


#: The groups of settings that a source (`Recipe.source`) heeds; `base` heeds none.
HEEDED: Mapping[str, tuple[str, ...]] = types.MappingProxyType(
    {
        "base": (),
        "qat": ("qat",),
        "pruned": ("pruning",),
        "pruned-qat": ("pruning", "qat"),
        "pruned-clustered": ("pruning", "clustering"),
        "slim": ("slim",),
        "slim-qat": ("slim", "qat"),
    }
)


def refuse_ignored(settings: Iterable[str], sources: Iterable[str]) -> None:
    """Refuse a setting that none of the sources heeds, with a `ConfigError` that says which would."""
    heeded = {group for source in sources for group in HEEDED[source]}
    for setting in settings:
        key, _ = split_setting(setting, setting_names())
        group = key.partition(".")[0]
        if group not in heeded:
            fitting = ", ".join(each.variant for each in RECIPES.values() if group in HEEDED[each.source])
            raise ConfigError(f"{key} changes nothing in the variants asked for; it is for {fitting}")


def setting_names() -> list[str]:
    """Every key that `override` takes."""
    groups = (
        ("qat", QatOptions),
        ("pruning", PruningOptions),
        ("clustering", ClusteringOptions),
        ("slim", SlimOptions),
    )
    return [f"{group}.{name}" for group, kind in groups for name in names_of(kind)]


def override(base: FineTuning, settings: Iterable[str]) -> FineTuning:
    """Change settings: `qat.epochs=3`, `pruning.sparsity=0.8`; later ones win.

    Raises:
        ConfigError: no `=`, no such key, or a value that does not fit.
    """
    for setting in settings:
        key, text = split_setting(setting, setting_names())
        group, _, name = key.partition(".")
        options = getattr(base, group)
        base = replace(base, **{group: replace(options, **parse_value(type(options), key, name, text))})
    return base
