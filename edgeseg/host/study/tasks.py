"""From a plan to its tasks: what depends on what, and what decides each one's outcome."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from edgeseg._version import __version__
from edgeseg.host.study.combination import Combination
from edgeseg.host.study.plan import StudyPlan, needs_kind
from edgeseg.model.fine_tuning import FineTuning, run_path
from edgeseg.model.recipe import RECIPES, recipe
from edgeseg.networks.training import TrainingConfig

#: What a task without a variant is called by, in ids and tables.
TRAIN, BENCH = "train", "bench"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One thing to make, in a process of its own.

    Attributes:
        cell: the trained network that it belongs to: `bce+adam_seed0`.
        what: `train`, `bench`, the variant, or the name of an alternative.
        after: ids of the tasks that must be done before; for `bench`, those of the variants, which must have
            ended: what there is of them is measured.
        inputs: all that decides the outcome, but the outcomes of `after`; JSON-able.
        digest: SHA-256 of the inputs, of those of `after`, and of the version of edgeseg.
    """

    cell: str
    what: str
    after: tuple[str, ...]
    inputs: Mapping[str, Any]
    digest: str

    @property
    def id(self) -> str:
        """Its name, which is a file's too."""
        return task_id(self.cell, self.what)

    @property
    def variant(self) -> str | None:
        """The variant that it makes, if any."""
        return None if self.what in (TRAIN, BENCH) else str(self.inputs.get("variant", self.what))


def task_id(cell: str, what: str) -> str:
    """The id of a task by what it makes of which network."""
    return f"{cell}_{what}"


def list_tasks(plan: StudyPlan, dataset_digest: str) -> tuple[Task, ...]:
    """The tasks of a study, each behind those that it depends on.

    Args:
        plan: the grid.
        dataset_digest: of the data set that it is run on.

    Returns:
        Network by network in the order of the plan: its training, its variants, its bench.
    """
    return tuple(
        task
        for combination in plan.combinations
        for seed in plan.seeds_of(combination)
        for task in _cell(
            plan,
            cell_name(combination, seed),
            combination,
            replace(plan.preset.training, loss=combination.loss, optimizer=combination.optimizer, seed=seed),
            dataset_digest,
        )
    )


def run_of(cell: str, what: str, variant: str) -> Path | None:
    """Where the run that a task trains or fine-tunes lies below the study's folder; None of a conversion."""
    run = Path("runs", cell)
    if what == TRAIN:
        return run
    methods = recipe(variant).methods
    if not methods:
        return None
    if what != variant:
        run = run / "alternatives" / what
    return run / run_path(methods)


def cell_name(combination: Combination, seed: int) -> str:
    """What a trained network is called: `bce+adam_seed0`."""
    return f"{combination.name}_seed{seed}"


def _cell(
    plan: StudyPlan, cell: str, combination: Combination, training: TrainingConfig, dataset_digest: str
) -> Iterator[Task]:
    made: dict[str, Task] = {}

    def add(what: str, after: tuple[str, ...], inputs: Mapping[str, Any]) -> None:
        ids = tuple(made[each].id for each in after)
        decisive = [__version__, what, inputs, [made[each].digest for each in after]]
        digest = hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()
        made[what] = Task(cell=cell, what=what, after=ids, inputs=inputs, digest=digest)

    network = plan.preset.network.to_dict()
    add(
        TRAIN,
        (),
        {"network": network, "training": training.to_dict(), "dataset_digest": dataset_digest},
    )
    # No two processes may train one run at once, so the first variant that needs a run makes it for all.
    owners: dict[Path, str] = {}
    for variant in (each for each in RECIPES if each in plan.variants):
        methods = recipe(variant).methods
        runs = [run_path(methods[: number + 1]) for number in range(len(methods))]
        shared = dict.fromkeys(owners[run] for run in runs if run in owners)
        add(variant, (TRAIN, *shared), {"fine_tuning": _settings(plan.fine_tuning, methods)})
        for run in runs:
            owners.setdefault(run, variant)
    for each in plan.alternatives:
        if combination in each.combinations:
            settings = _settings(each.fine_tuning, recipe(each.variant).methods)
            add(each.name, (TRAIN,), {"fine_tuning": settings, "variant": each.variant})
    add(BENCH, tuple(each for each in made if each != TRAIN), {"bench": plan.bench.to_dict()})
    yield from made.values()


def _settings(chosen: FineTuning, methods: Sequence[str]) -> dict[str, Any]:
    return {method: asdict(chosen.of(method)) for method in methods}


def needs_of(task: Task) -> str:
    """The kind of task by which `[needs]` of a study file tells what it asks of a cluster."""
    return needs_kind(task.variant)
