"""Running a study, or going on with it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edgeseg.errors import OutputError
from edgeseg.host.study.datasets import find_dataset, make_dataset, refuse_other_data
from edgeseg.host.study.folder import StudyFolder, begin, locked, open_folder
from edgeseg.host.study.plan_file import StudyFile
from edgeseg.host.study.record import State
from edgeseg.host.study.scheduler import Listener, Scheduler, Workers
from edgeseg.host.study.tasks import BENCH, Task, list_tasks


def run_study(
    study: StudyFile,
    out: Path,
    *,
    workers: Workers,
    dataset: Path | None = None,
    force: bool = False,
    listener: Listener | None = None,
) -> bool:
    """Run a study, or go on with it.

    An interrupt (Ctrl-C) ends the workers and is raised again; the same call goes on.

    Args:
        study: what is to be run.
        out: the study's folder: a new one, or one where this study was begun.
        workers: who works.
        dataset: instead of the plan's, which has one at most then (see `datasets.split_datasets`).
        force: make again what was made from other settings.
        listener: who is told what happens.

    Returns:
        Whether every task is done.

    Raises:
        ConfigError: the plan is wrong, or names no data set.
        DatasetError: the data set cannot be used, or changed since the study began.
        OutputError: `out` holds something else, another process runs the study, tasks were made from other
            settings and `force` is not set, or it cannot be written.
    """
    plan = study.plan()
    folder = open_folder(out)
    found = find_dataset(folder, plan, dataset)  # before anything is written
    with locked(folder):
        data = found or make_dataset(folder, plan)
        refuse_other_data(folder, data)
        tasks = list_tasks(plan, data.digest)
        if not force:
            _refuse_changed(folder, tasks, study.path)
        begin(folder, plan.name, study.text, data)
        scheduler = Scheduler(
            folder=folder, tasks=tasks, dataset=data, workers=workers, listener=listener or Listener()
        )
        return scheduler.work_off()


def _refuse_changed(folder: StudyFolder, tasks: Sequence[Task], path: Path) -> None:
    """Refuse a plan by which something that is done would have to be made again."""
    changed = []
    for task in tasks:
        record = folder.record(task.id)
        made_otherwise = record and record.state != State.FAILED and record.digest != task.digest
        if made_otherwise and task.step != BENCH:  # a bench of more files than before replaces nothing
            changed.append(task.id)
    if changed:
        others = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise OutputError(
            f"{changed[0]}{others} in {folder.path} came from other settings than {path} has now, or from "
            "a version of edgeseg that makes something else of them; change them back, choose another --out, "
            "or pass --force to make them again"
        )
