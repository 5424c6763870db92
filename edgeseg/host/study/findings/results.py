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
from edgeseg.host.study.combination import Combination, GridNetwork
from edgeseg.host.study.folder import StudyFolder, run_below
from edgeseg.host.study.plan import StudyPlan
from edgeseg.host.study.record import Record, State
from edgeseg.host.study.tasks import BENCH, Task, list_tasks
from edgeseg.machine.doubts import doubts
from edgeseg.metrics.statistics import draw_sources

Floats = npt.NDArray[np.float64]

#: One epoch: the columns of history.csv.
Epoch = Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class File:
    """One deployed file, as it was measured on the test split.

    Attributes:
        network: that it was made of.
        step: that made it: the variant, or the name of an alternative.
        model: what the bench says of it.
        measurement: in the first runtime with the first number of threads.
        quality: in that runtime.
    """

    network: GridNetwork
    step: str
    model: ModelResult
    measurement: Measurement
    quality: QualityResult

    def values(self, metric: str) -> Floats:
        """A metric (one of `metrics.pixels.NAMES`) of every image by itself, `(images,)`."""
        return np.array([getattr(image.counts, metric) for image in self.quality.images])


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """How a network was trained or fine-tuned.

    Attributes:
        network: which.
        step: `train`, the variant, or the name of an alternative.
        epochs: one after another.
    """

    network: GridNetwork
    step: str
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
        files: network by network, in the order of the plan.
        trainings: likewise.
        benches: name of a network -> what was measured.
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

    def of(self, combination: Combination, step: str) -> list[File]:
        """The files of one cell of the table: one a seed."""
        return [each for each in self.files if (each.network.combination, each.step) == (combination, step)]

    def histories(self, combination: Combination, step: str) -> list[Training]:
        """Likewise, the trainings."""
        return [
            each for each in self.trainings if (each.network.combination, each.step) == (combination, step)
        ]

    @property
    def steps(self) -> list[str]:
        """The variants and alternatives of which there are files, in the order of the plan."""
        names = [*self.plan.variants, *(each.name for each in self.plan.alternatives)]
        return [each for each in names if any(file.step == each for file in self.files)]

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
    tasks = list_tasks(plan, facts.dataset.digest)
    records = {task.id: record for task in tasks if (record := folder.record(task.id))}
    done = {key for key, each in records.items() if each.state == State.DONE}
    failed = {key: each.error for key, each in records.items() if each.state == State.FAILED}
    bench_tasks = [task for task in tasks if task.step == BENCH and task.id in done]
    benches = {task.network.name: load_result(folder.bench_path(task.network.name)) for task in bench_tasks}
    models: dict[str, ModelResult] = {}
    for task in bench_tasks:
        models |= _models(records, task, benches[task.network.name])
    files = tuple(file for task in tasks for file in _file(task, models.get(task.id)))
    if not files:
        raise ResultError(
            f"nothing was measured yet in the study {path}; `edgeseg study run` goes on with it, `edgeseg "
            f"study status {path}` shows where it stands"
        )
    _refuse_other_images(files)
    return StudyResults(
        name=facts.name,
        plan=plan,
        dataset=facts.dataset.name,
        files=files,
        trainings=tuple(each for task in tasks if task.id in done for each in _training(folder, task)),
        benches=benches,
        failed=failed,
        missing=tuple(task.id for task in tasks if task.id not in done and task.id not in failed),
        times=draw_sources([image.source for image in files[0].quality.images]),
    )


def _models(records: Mapping[str, Record], task: Task, bench: BenchResult) -> dict[str, ModelResult]:
    """What a bench measured, by the task that made each file: in the order in which it was given them."""
    measured = records[task.id].after
    makers = [each for each in task.after if each in measured and each in records]
    made = [each for each in makers for _ in records[each].outputs]
    if len(made) != len(bench.models):
        raise ResultError(f"{task.id} measured other files than there are now; run the study again")
    return dict(zip(made, bench.models, strict=True))


def _file(task: Task, model: ModelResult | None) -> Iterator[File]:
    if model is None:
        return
    measurement = model.measurements[0]
    quality = model.quality(measurement.runtime)
    if quality and model.size and measurement.runs and not measurement.failure:
        yield File(
            network=task.network, step=task.step, model=model, measurement=measurement, quality=quality
        )


def _refuse_other_images(files: Sequence[File]) -> None:
    first = [(image.stem, image.source) for image in files[0].quality.images]
    for file in files:
        if [(image.stem, image.source) for image in file.quality.images] != first:
            raise ResultError(
                f"{file.network.name} and {files[0].network.name} were measured on different images; run the "
                "study again"
            )


def _training(folder: StudyFolder, task: Task) -> Iterator[Training]:
    run = run_below(task)
    if run is None:
        return
    path = folder.path / run / "history.csv"
    if path.exists():
        yield Training(network=task.network, step=task.step, epochs=_epochs(path))


def _epochs(path: Path) -> list[Epoch]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
    except (OSError, ValueError, TypeError) as error:
        raise ResultError(f"cannot read {path}: {error}; train again") from error


def mean_over(files: Sequence[File], metric: str) -> Floats:
    """A metric (one of `metrics.pixels.NAMES`) of every image, as the mean over files, `(images,)`."""
    values: Floats = np.mean([file.values(metric) for file in files], axis=0)
    return values


def seed_means(files: Sequence[File], metric: str) -> list[float]:
    """The metric of each file, as the mean over the images: one a seed."""
    return [float(file.values(metric).mean()) for file in files]
