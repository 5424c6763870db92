"""What a study is made of; `plan_file` reads it from a STUDY.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgeseg.bench.bench_options import BenchOptions
from edgeseg.budget.limits import Budgets
from edgeseg.host.study.combination import Combination, GridNetwork
from edgeseg.model.fine_tuning import FineTuning
from edgeseg.networks.preset import Preset
from edgeseg.settings import check_range

#: The `dataset` that is made instead of read.
SYNTHETIC = "synthetic"

#: Kinds of task, each with needs of its own: what trains, what fine-tunes a variant, what only converts.
KINDS = ("train", "fine-tune", "export")


@dataclass(frozen=True, slots=True, kw_only=True)
class Synthetic:
    """A data set that is made for the study (`edgeseg data synth`).

    Attributes:
        count: images.
        size: height and width of each, pixels.
        seed: of what is on them.
    """

    count: int = 240
    size: int = 256
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a task asks of the machine that it runs on.

    Attributes:
        cpus: threads that TensorFlow runs, here too: the same number gives the same bits anywhere; and cores
            of a node of a cluster.
        gpus: devices, 0 for none.
        memory_gb: main memory, GB (10^9 bytes).
    """

    cpus: int = 1
    gpus: int = 0
    memory_gb: float = 2.0

    def __post_init__(self) -> None:
        check_range("cpus", self.cpus, 1, 1024)
        check_range("gpus", self.gpus, 0, 64)
        check_range("memory_gb", self.memory_gb, 0.1, 10_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """A variant that is made in another way as well, to compare the two.

    Attributes:
        name: what it is called beside the variants.
        variant: the one that it is.
        combinations: of whose networks it is made.
        fine_tuning: the settings.
    """

    name: str
    variant: str
    combinations: tuple[Combination, ...]
    fine_tuning: FineTuning


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyPlan:
    """A grid of networks and of the files that are made of each.

    Attributes:
        name: of the study.
        datasets: folders, or `SYNTHETIC` alone; empty where the command line has to name them.
        synthetic: how that data set is made.
        preset: network and training; each network of the grid has its own optimizer, loss and seed.
        combinations: in the order in which they are trained and shown.
        variants: the files that are made of each trained network.
        seeds: of every combination.
        extra_seeds: further ones, by the name of a combination.
        fine_tuning: settings of the variants that need training of their own.
        alternatives: files that are made beside the variants, with other settings.
        bench: how every file is measured.
        min_agreement: share of mask pixels on which a file must agree with its Keras model; None: as its
            variant asks.
        budgets: what files may cost at most, and find at least; none: no limits.
        needs: by kind of task, one of each of `KINDS`.
    """

    name: str
    datasets: tuple[Path | str, ...]
    synthetic: Synthetic
    preset: Preset
    combinations: tuple[Combination, ...]
    variants: tuple[str, ...]
    seeds: tuple[int, ...]
    extra_seeds: Mapping[str, tuple[int, ...]]
    fine_tuning: FineTuning
    alternatives: tuple[Alternative, ...]
    bench: BenchOptions
    min_agreement: float | None
    budgets: Budgets | None
    needs: Mapping[str, Needs]

    def seeds_of(self, combination: Combination) -> tuple[int, ...]:
        """The seeds that a combination is trained with, each once."""
        return tuple(dict.fromkeys((*self.seeds, *self.extra_seeds.get(combination.name, ()))))

    @property
    def networks(self) -> tuple[GridNetwork, ...]:
        """All that are trained, in their order."""
        return tuple(
            GridNetwork(combination=combination, seed=seed)
            for combination in self.combinations
            for seed in self.seeds_of(combination)
        )
