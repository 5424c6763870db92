"""What a study has measured, read from its folder: every file, and how every network was trained."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgeseg.bench.measurement import Measurement
from edgeseg.bench.quality import QualityResult
from edgeseg.bench.result import BenchResult, ModelResult
from edgeseg.bench.result_file import load_result
from edgeseg.errors import ResultError
from edgeseg.host.study.combination import Combination
from edgeseg.host.study.folder import DONE, FAILED, Record, StudyFolder
from edgeseg.host.study.plan import StudyPlan
from edgeseg.host.study.tasks import BENCH, Task, cell_name, list_tasks, run_of
from edgeseg.machine.doubts import doubts
from edgeseg.metrics.pixels import NAMES
from edgeseg.metrics.statistics import draw_sources

Floats = npt.NDArray[np.float64]

#: One epoch: the columns of history.csv.
Epoch = Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class File:
    """One deployed file, as it was measured on the test split.

    Attributes:
        combination: what its network was trained with.
        seed: of that training.
        what: the variant, or the name of an alternative.
        model: what the bench says of it.
        measurement: in the first runtime with the first number of threads.
        quality: in that runtime.
    """

    combination: Combination
    seed: int
    what: str
    model: ModelResult
    measurement: Measurement
    quality: QualityResult

    @property
    def cell(self) -> str:
        """The trained network: `bce+adam_seed0`."""
        return cell_name(self.combination, self.seed)

    def values(self, metric: str) -> Floats:
        """A metric (one of `metrics.NAMES`) of every image by itself, `(images,)`."""
        return np.array([getattr(image.counts, metric) for image in self.quality.images])


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """How a network was trained or fine-tuned.

    Attributes:
        combination: loss and optimizer of the network.
        seed: of the training.
        what: `train`, the variant, or the name of an alternative.
        epochs: one after another.
    """

    combination: Combination
    seed: int
    what: str
    epochs: Sequence[Epoch]

    @property
    def seconds(self) -> float:
        """Of an epoch, the median; an interrupted one took longer."""
        return float(np.median([each["seconds"] for each in self.epochs]))


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyResults:
    """All that a study has found until now.

    Attributes:
        name: of the study.
        plan: the grid.
        dataset: name of the data set.
        files: cell by cell, in the order of the plan.
        trainings: likewise.
        benches: cell -> what was measured.
        failed: task -> why.
        missing: tasks that are not done, those that failed left out.
        times: how often each image of the test split is in each draw, `(draws, images)`; the same for all
            files, so that differences can be taken draw by draw.
    """

    name: str
    plan: StudyPlan
    dataset: str
    files: tuple[File, ...]
    trainings: tuple[Training, ...]
    benches: Mapping[str, BenchResult]
    failed: Mapping[str, str]
    missing: tuple[str, ...]
    times: npt.NDArray[np.int64]

    def of(self, combination: Combination, what: str) -> list[File]:
        """The files of one cell of the table: one a seed."""
        return [each for each in self.files if (each.combination, each.what) == (combination, what)]

    def histories(self, combination: Combination, what: str) -> list[Training]:
        """Likewise, the trainings."""
        return [each for each in self.trainings if (each.combination, each.what) == (combination, what)]

    @property
    def alternatives(self) -> dict[str, str]:
        """Alternative -> the variant that it is."""
        return {each.name: each.variant for each in self.plan.alternatives}

    @property
    def columns(self) -> list[str]:
        """The variants and alternatives of which there are files, in the order of the plan."""
        names = [*self.plan.variants, *self.alternatives]
        return [each for each in names if any(file.what == each for file in self.files)]

    @property
    def doubts(self) -> list[str]:
        """What makes the measured times doubtful, each sentence once."""
        return list(
            dict.fromkeys(each for bench in self.benches.values() for each in doubts(bench.conditions))
        )

    @property
    def sources(self) -> int:
        """Of how many images the tiles of the test split are."""
        return len({image.source for image in self.files[0].quality.images})

    def draws(self, values: Floats) -> Floats:
        """The mean of a value of each image, `(images,)`, in each draw of source images, `(draws,)`."""
        means: Floats = self.times @ values / self.times.sum(axis=1)
        return means


def read_results(path: Path) -> StudyResults:
    """Read what a study has found.

    Args:
        path: its folder.

    Raises:
        ResultError: there is no study, nothing was measured yet, or its files do not belong together.
        ConfigError: its plan does not fit this version.
    """
    folder = StudyFolder(path=path)
    facts = folder.facts()
    plan = folder.plan()
    tasks = list_tasks(plan, facts["dataset"]["digest"])
    records = {task.id: folder.record(task.id) for task in tasks}
    done = {key for key, each in records.items() if each and each.state == DONE}
    cells = {
        cell_name(combination, seed): (combination, seed)
        for combination in plan.combinations
        for seed in plan.seeds_of(combination)
    }
    benches = {
        task.cell: load_result(folder.bench_path(task.cell))
        for task in tasks
        if task.what == BENCH and task.id in done
    }
    models: dict[str, ModelResult] = {}
    for task in tasks:
        if task.what == BENCH and task.cell in benches:
            models |= _models(records, task, benches[task.cell])
    files = tuple(file for task in tasks for file in _file(task, models.get(task.id), cells[task.cell]))
    if not files:
        raise ResultError(
            f"nothing was measured yet in the study {path}; `edgeseg study run` goes on with it, `edgeseg "
            f"study status {path}` shows where it stands"
        )
    _refuse_other_images(files)
    trained = [task for task in tasks if task.id in done and task.what != BENCH]
    return StudyResults(
        name=facts["name"],
        plan=plan,
        dataset=facts["dataset"]["name"],
        files=files,
        trainings=tuple(each for task in trained for each in _training(folder, task, cells[task.cell])),
        benches=benches,
        failed={key: each.error for key, each in records.items() if each and each.state == FAILED},
        missing=tuple(
            task.id
            for task in tasks
            if task.id not in done and not ((each := records[task.id]) and each.state == FAILED)
        ),
        times=draw_sources([image.source for image in files[0].quality.images]),
    )


def _models(records: Mapping[str, Record | None], task: Task, bench: BenchResult) -> dict[str, ModelResult]:
    """What a bench measured, by the task that made each file: in the order in which it was given them."""
    record = records[task.id]
    measured = record.after if record else {}
    makers = [
        each for each in task.after if each in measured and (made := records[each]) for _ in made.outputs
    ]
    if len(makers) != len(bench.models):
        raise ResultError(f"{task.id} measured other files than there are now; run the study again")
    return dict(zip(makers, bench.models, strict=True))


def _file(task: Task, model: ModelResult | None, cell: tuple[Combination, int]) -> Iterator[File]:
    if model is None:
        return
    measurement = model.measurements[0]
    quality = model.quality(measurement.runtime)
    if quality and measurement.runs and not measurement.failure:
        combination, seed = cell
        yield File(
            combination=combination, seed=seed, what=task.what, model=model,
            measurement=measurement, quality=quality,
        )  # fmt: skip


def _refuse_other_images(files: Sequence[File]) -> None:
    first = [(image.stem, image.source) for image in files[0].quality.images]
    for file in files:
        if [(image.stem, image.source) for image in file.quality.images] != first:
            raise ResultError(
                f"{file.cell} and {files[0].cell} were measured on different images; run the study again"
            )


def _training(folder: StudyFolder, task: Task, cell: tuple[Combination, int]) -> Iterator[Training]:
    run = run_of(task.cell, task.what, task.variant or "")
    if run is None:
        return
    path = folder.path / run / "history.csv"
    if path.exists():
        combination, seed = cell
        yield Training(combination=combination, seed=seed, what=task.what, epochs=_epochs(path))


def _epochs(path: Path) -> list[Epoch]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
    except (OSError, ValueError, TypeError) as error:
        raise ResultError(f"cannot read {path}: {error}; train again") from error


def mean_over(files: Sequence[File], metric: str) -> Floats:
    """A metric of every image, as the mean over files of one network's seeds, `(images,)`."""
    assert metric in NAMES
    values: Floats = np.mean([file.values(metric) for file in files], axis=0)
    return values


def seed_means(files: Sequence[File], metric: str) -> list[float]:
    """The metric of each file, as the mean over the images: one a seed."""
    return [float(file.values(metric).mean()) for file in files]
