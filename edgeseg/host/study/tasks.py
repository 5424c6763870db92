"""From a plan to its tasks: what depends on what, and what decides each one's outcome."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from edgeseg.bench.bench_options import BenchOptions
from edgeseg.errors import ConfigError
from edgeseg.host.study.combination import GridNetwork
from edgeseg.host.study.plan import StudyPlan
from edgeseg.model.fine_tuning import FineTuning, run_path
from edgeseg.model.recipe import RECIPES, recipe
from edgeseg.networks.network import Network
from edgeseg.networks.training import TrainingConfig
from edgeseg.records import to_data

#: The step that every network begins with, and the one that it ends with; the others make files.
TRAIN, BENCH = "train", "bench"


@dataclass(frozen=True, slots=True, kw_only=True)
class Train:
    """Train a network.

    Attributes:
        network: its configuration.
        training: how.
    """

    network: Network
    training: TrainingConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """Make a file of a trained network.

    Attributes:
        variant: that the file is.
        fine_tuning: settings; those of the variant's own methods decide.
        alternative: whether it is made beside the variant, from other settings.
    """

    variant: str
    fine_tuning: FineTuning
    alternative: bool = False

    @property
    def methods(self) -> tuple[str, ...]:
        """Of fine-tuning, one after the other; none for a conversion."""
        return recipe(self.variant).methods


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Measure the files of a network.

    Attributes:
        options: how.
    """

    options: BenchOptions


Work = Train | Export | Bench


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One thing to make, in a process of its own.

    Attributes:
        network: the trained network that it belongs to.
        step: its name among the tasks of the network: `train`, a variant, the name of an alternative, or
            `bench`.
        work: what is to be done.
        after: ids of the tasks that must be done before; for `bench`, those of the files, which must have
            ended: what there is of them is measured.
        digest: SHA-256 of all that decides the outcome: the data set, the work, and the digests of `after`.
    """

    network: GridNetwork
    step: str
    work: Work
    after: tuple[str, ...]
    digest: str

    @property
    def id(self) -> str:
        """Its name, which is a file's too."""
        return f"{self.network.name}_{self.step}"

    @property
    def kind(self) -> str:
        """One of `plan.KINDS`, by which a study states what a task needs."""
        return "fine-tune" if isinstance(self.work, Export) and self.work.methods else _KINDS[type(self.work)]

    def is_blocked(self, lost: Container[str]) -> bool:
        """Whether it can never be done, since tasks before it failed or are blocked themselves (`lost`).

        A bench measures what there is, so it is blocked where there is nothing.
        """
        missing = [each in lost for each in self.after]
        return all(missing) if isinstance(self.work, Bench) else any(missing)


#: Of work that does not fine-tune. A bench asks nothing of a cluster: it is always run where the study is.
_KINDS: Mapping[type[Work], str] = {Train: "train", Export: "export", Bench: "export"}


def list_tasks(plan: StudyPlan, dataset_digest: str) -> tuple[Task, ...]:
    """The tasks of a study, each behind those that it depends on.

    Args:
        plan: the grid.
        dataset_digest: of the data set that it is run on.

    Returns:
        Network by network in the order of the plan: its training, its files, its bench.
    """
    return tuple(task for network in plan.networks for task in _tasks_of(plan, network, dataset_digest))


def find_task(plan: StudyPlan, dataset_digest: str, task: str) -> Task:
    """A task by its id.

    Raises:
        ConfigError: the plan has none of this id.
    """
    for each in list_tasks(plan, dataset_digest):
        if each.id == task:
            return each
    raise ConfigError(f"expected a task '{task}' in the study '{plan.name}', but there is none")


def _tasks_of(plan: StudyPlan, network: GridNetwork, dataset_digest: str) -> Iterator[Task]:
    made: dict[str, Task] = {}

    def add(step: str, work: Work, after: Sequence[str] = ()) -> None:
        before = [made[each] for each in after]
        digest = _digest(step, work, dataset_digest, [each.digest for each in before])
        ids = tuple(each.id for each in before)
        made[step] = Task(network=network, step=step, work=work, after=ids, digest=digest)

    chosen = network.combination
    training = replace(plan.preset.training, loss=chosen.loss, optimizer=chosen.optimizer, seed=network.seed)
    add(TRAIN, Train(network=plan.preset.network, training=training))
    # No two processes may train one run at once, so the first variant that needs a run makes it for all.
    owners: dict[Path, str] = {}
    for variant in (each for each in RECIPES if each in plan.variants):
        work = Export(variant=variant, fine_tuning=plan.fine_tuning)
        runs = [run_path(work.methods[: number + 1]) for number in range(len(work.methods))]
        shared = dict.fromkeys(owners[run] for run in runs if run in owners)
        add(variant, work, (TRAIN, *shared))
        for run in runs:
            owners.setdefault(run, variant)
    for each in plan.alternatives:
        if chosen in each.combinations:
            work = Export(variant=each.variant, fine_tuning=each.fine_tuning, alternative=True)
            add(each.name, work, (TRAIN,))
    add(BENCH, Bench(options=plan.bench), [each for each in made if each != TRAIN])
    yield from made.values()


#: The version of edgeseg since which the same work makes the same. It changes when a task makes something
#: else than before of the same settings: what is done is then made again.
_SINCE = "0.1.0"

#: Settings that came later, with the value by which they leave everything as it was. They are no part of a
#: digest where they have it, so that studies go on that were begun before.
_LATER: Mapping[str, Any] = {"family": "unet", "channels": 1, "maps": 1}

#: Schedules -> what version 0.1 called them.
_FORMER_SCHEDULES = {"paper": "study"}


def _digest(step: str, work: Work, dataset_digest: str, before: Sequence[str]) -> str:
    decisive = [_SINCE, step, _settings(work, dataset_digest), before]
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()


def _settings(work: Work, dataset_digest: str) -> dict[str, Any]:
    """What decides the outcome, as version 0.1 stated it."""
    match work:
        case Train():
            network = {
                key: value
                for key, value in work.network.to_dict().items()
                if key not in _LATER or _LATER[key] != value
            }
            training = work.training.to_dict()
            schedule = training["schedule"]
            return {
                "network": network,
                "training": training | {"schedule": _FORMER_SCHEDULES.get(schedule, schedule)},
                "dataset_digest": dataset_digest,
            }
        case Export():
            chosen = {method: asdict(work.fine_tuning.of(method)) for method in work.methods}
            return {"fine_tuning": chosen} | ({"variant": work.variant} if work.alternative else {})
        case Bench():
            return {"bench": to_data(work.options)}
