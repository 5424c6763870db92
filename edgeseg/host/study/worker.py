"""`python -m edgeseg.host.study.worker`: does one task, in a process of its own.

The question comes as JSON on stdin. The process says how far it is in a file, and leaves its answer in
another; it ends with the process that started it.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeseg import files
from edgeseg.data.dataset import SegmentationDataset, open_dataset
from edgeseg.errors import EdgesegError, TrainingError
from edgeseg.host.study.folder import StudyFolder
from edgeseg.host.study.process import Question, answer_path
from edgeseg.progress import Progress
from edgeseg.workers.answering import end_with

if TYPE_CHECKING:
    from edgeseg.host.training.run_folder import RunFolder

#: Seconds between two words on how far a task is, at least.
_INTERVAL = 1.0


def main() -> None:
    """Read the question, do the task, leave the answer."""
    question = Question.from_dict(json.load(sys.stdin))
    end_with(question.parent)
    folder = StudyFolder(path=Path(question.folder))
    try:
        outputs = _DOERS.get(question.what, _export)(question, folder, _reporter(folder, question.task))
        made = {str(path.relative_to(folder.path)): files.sha256(path) for path in outputs}
        answer: dict[str, Any] = {"outputs": made}
    except EdgesegError as error:
        answer = {"error": str(error)}
    files.write_json(answer_path(folder, question.task), answer)


def _reporter(folder: StudyFolder, task: str) -> Progress:
    last = 0.0

    def report(done: int, total: int, note: str) -> None:
        nonlocal last
        if time.monotonic() - last < _INTERVAL:
            return
        last = time.monotonic()
        text = files.json_text({"done": done, "total": total, "note": note, "at": time.time()})
        files.write_bytes(folder.progress_path(task), text.encode(), durable=False)

    report(0, 0, "starting")
    return report


def _dataset(question: Question) -> SegmentationDataset:
    dataset = open_dataset(Path(question.dataset))
    if dataset.digest != question.dataset_digest:
        raise TrainingError(f"the data set {dataset.root} changed while the study ran; run the study again")
    return dataset


def _train(question: Question, folder: StudyFolder, progress: Progress) -> list[Path]:
    _limit_threads(question.threads)
    from edgeseg.host.training.fit import fit
    from edgeseg.host.training.run_folder import create_run, open_run
    from edgeseg.networks.families import network_from_dict
    from edgeseg.networks.training import TrainingConfig

    dataset = _dataset(question)
    network = network_from_dict(question.inputs["network"])
    training = TrainingConfig.from_dict(question.inputs["training"])
    path = folder.run_path(question.cell)
    run = open_run(path) if (path / "run.json").exists() else None
    fits = run and (run.network, run.training) == (network, training)
    # A finished run without its model was damaged: its checkpoints cannot bring the best epoch back.
    if not run or not fits or _lost(path):
        run = create_run(path, network, training, dataset, force=True)
    fit(run, dataset, progress=progress)
    return [run.best_model]


def _lost(run: Path) -> bool:
    return (run / "history.csv").exists() and not (run / "best.keras").exists()


def _export(question: Question, folder: StudyFolder, progress: Progress) -> list[Path]:
    _limit_threads(question.threads)
    from edgeseg.host.export.options import ExportOptions
    from edgeseg.host.export.run import export_run
    from edgeseg.model import fine_tuning
    from edgeseg.model.recipe import recipe

    settings = [
        f"{group}.{key}={value}"
        for group, table in question.inputs["fine_tuning"].items()
        for key, value in table.items()
    ]
    # The study has already refused what is not to be replaced; what a killed task left is.
    options = ExportOptions(
        fine_tuning=fine_tuning.override(fine_tuning.FineTuning(), settings),
        min_agreement=question.min_agreement,
        force=True,
    )
    made = export_run(
        _run(question, folder),
        _dataset(question),
        [recipe(question.inputs.get("variant", question.what))],
        folder.models_path(question.cell, question.what),
        options=options,
        progress=progress,
    )
    return [artifact.path for artifact in made]


def _run(question: Question, folder: StudyFolder) -> RunFolder:
    """The trained run; for an alternative, a copy with room for fine-tuned runs of its own."""
    from edgeseg.host.training.run_folder import open_run

    trained = folder.run_path(question.cell)
    if "variant" not in question.inputs:
        return open_run(trained)
    path = folder.alternative_path(question.cell, question.what)
    model = trained / "best.keras"
    there = (path / "run.json").exists() and files.sha256(path / model.name) == files.sha256(model)
    if not there:
        with files.staged_folder(path, marker="run.json", force=True) as stage:
            for name in ("run.json", "history.csv", model.name):
                shutil.copyfile(trained / name, stage / name)
    return open_run(path)


def _bench(question: Question, folder: StudyFolder, progress: Progress) -> list[Path]:
    from edgeseg.bench.options import BenchOptions
    from edgeseg.bench.result_file import save_result
    from edgeseg.bench.run import run_bench

    result = run_bench(
        [folder.path / name for name in question.files],
        dataset=_dataset(question),
        options=BenchOptions.from_dict(question.inputs["bench"]),
        progress=progress,
    )
    path = folder.bench_path(question.cell)
    save_result(path, result)
    return [path]


def _limit_threads(threads: int) -> None:
    from edgeseg.host.training.keras import tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)


#: By `Task.what`; everything else is a variant.
_DOERS: Mapping[str, Callable[[Question, StudyFolder, Progress], list[Path]]] = {
    "train": _train,
    "bench": _bench,
}


if __name__ == "__main__":
    main()
