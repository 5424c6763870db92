"""`python -m edgeseg.host.study.worker`: does one task, in a process of its own.

What it is told comes as JSON on stdin. The process says how far it is in a file, and leaves what became of
the task in another; it ends with the process that started it.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgeseg import files
from edgeseg.data.dataset import SegmentationDataset, open_dataset
from edgeseg.errors import EdgesegError, TrainingError
from edgeseg.host.study.folder import StudyFolder
from edgeseg.host.study.plan import StudyPlan
from edgeseg.host.study.process import Assignment, Outcome
from edgeseg.host.study.record import TaskProgress
from edgeseg.host.study.tasks import Bench, Export, Task, Train, find_task
from edgeseg.progress import Progress
from edgeseg.records import from_data, to_data
from edgeseg.workers.answering import end_with

if TYPE_CHECKING:
    from edgeseg.host.training.run_folder import RunFolder

#: Seconds between two words on how far a task is, at least.
_INTERVAL = 1.0


def main() -> None:
    """Read what to do, do it, leave what became of it."""
    value = json.load(sys.stdin)
    assignment = from_data(Assignment, value, where="what the worker is told", error=TrainingError)
    end_with(assignment.parent)
    folder = StudyFolder(path=assignment.folder)
    try:
        made = _perform(assignment, folder)
        outputs = {str(path.relative_to(folder.path)): files.sha256(path) for path in made}
        outcome = Outcome(outputs=outputs)
    except EdgesegError as error:
        outcome = Outcome(error=str(error))
    files.write_json(folder.answer_path(assignment.task), to_data(outcome))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a task is done.

    Attributes:
        folder: of the study.
        plan: of the study.
        dataset: that it is run on.
        progress: told how far the task is.
    """

    folder: StudyFolder
    plan: StudyPlan
    dataset: SegmentationDataset
    progress: Progress


def _perform(assignment: Assignment, folder: StudyFolder) -> list[Path]:
    """Do the task; the files that it made."""
    progress = _reporter(folder, assignment.task)
    plan = folder.plan()
    task = find_task(plan, assignment.dataset_digest, assignment.task)
    if task.digest != assignment.digest:
        raise TrainingError(
            f"the edgeseg of this machine makes something else of {task.id} than the one that runs it; "
            "install the same version"
        )
    dataset = open_dataset(assignment.dataset)
    if dataset.digest != assignment.dataset_digest:
        raise TrainingError(f"the data set {dataset.root} changed while the study ran; run the study again")
    place = _Place(folder=folder, plan=plan, dataset=dataset, progress=progress)
    match task.work:
        case Train() as train:
            return _train(task, train, place)
        case Export() as export:
            return _export(task, export, place)
        case Bench() as bench:
            return _bench(task, bench, place, assignment.files)


def _reporter(folder: StudyFolder, task: str) -> Progress:
    last = 0.0

    def report(done: int, total: int, note: str) -> None:
        nonlocal last
        if time.monotonic() - last < _INTERVAL:
            return
        last = time.monotonic()
        folder.write_progress(task, TaskProgress(done=done, total=total, note=note, at=time.time()))

    report(0, 0, "starting")
    return report


def _train(task: Task, work: Train, place: _Place) -> list[Path]:
    _limit_threads(task, place.plan)
    from edgeseg.host.training.fit import fit
    from edgeseg.host.training.run_folder import create_run, open_run

    path = place.folder.trained_run(task)
    run = open_run(path) if (path / "run.json").exists() else None
    fits = run and (run.network, run.training) == (work.network, work.training)
    # A finished run without its model was damaged: its checkpoints cannot bring the best epoch back.
    if not run or not fits or _lost(path):
        run = create_run(path, work.network, work.training, place.dataset, force=True)
    fit(run, place.dataset, progress=place.progress)
    return [run.best_model]


def _lost(run: Path) -> bool:
    return (run / "history.csv").exists() and not (run / "best.keras").exists()


def _export(task: Task, work: Export, place: _Place) -> list[Path]:
    _limit_threads(task, place.plan)
    from edgeseg.host.export.export_options import ExportOptions
    from edgeseg.host.export.export_run import export_run
    from edgeseg.model.recipe import recipe

    # The study has already refused what is not to be replaced; what a killed task left is.
    options = ExportOptions(fine_tuning=work.fine_tuning, min_agreement=place.plan.min_agreement, force=True)
    made = export_run(
        _run(task, place.folder),
        place.dataset,
        [recipe(work.variant)],
        place.folder.files_of(task),
        options=options,
        progress=place.progress,
    )
    return [artifact.path for artifact in made]


def _run(task: Task, folder: StudyFolder) -> RunFolder:
    """The trained run; for an alternative, a copy with room for fine-tuned runs of its own."""
    from edgeseg.host.training.run_folder import open_run

    trained, path = folder.trained_run(task), folder.starting_run(task)
    if path == trained:
        return open_run(trained)
    model = trained / "best.keras"
    there = (path / "run.json").exists() and files.sha256(path / model.name) == files.sha256(model)
    if not there:
        with files.staged_folder(path, marker="run.json", force=True) as stage:
            for name in ("run.json", "history.csv", model.name):
                shutil.copyfile(trained / name, stage / name)
    return open_run(path)


def _bench(task: Task, work: Bench, place: _Place, measured: tuple[str, ...]) -> list[Path]:
    from edgeseg.bench.result_file import save_result
    from edgeseg.bench.run_bench import run_bench

    result = run_bench(
        [place.folder.file(name) for name in measured],
        dataset=place.dataset,
        options=work.options,
        progress=place.progress,
    )
    path = place.folder.bench_path(task.network.name)
    save_result(path, result)
    return [path]


def _limit_threads(task: Task, plan: StudyPlan) -> None:
    # Not by how many tasks run: other numbers of threads add up in other orders, to other bits.
    threads = plan.needs[task.kind].cpus
    from edgeseg.host.training.keras import tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)


if __name__ == "__main__":
    main()
