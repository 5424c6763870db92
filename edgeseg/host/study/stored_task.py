"""A task on a machine that shares no folder with the study: its files go through a store.

A node works in a folder of its own. What a task starts from is fetched before, what it makes is put back, and
checkpoints are put back while it runs, so that another node can go on.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from edgeseg import files
from edgeseg.host.study.folder import StudyFolder, files_below, run_below
from edgeseg.host.study.process import Assignment, Outcome, RunningTask, start
from edgeseg.host.study.store import Store
from edgeseg.host.study.tasks import Task, Train, find_task

#: Seconds between two puts of what has changed; a node that goes away costs as much more than its epoch.
_INTERVAL = 10.0

#: Below a training run: runs of other tasks.
_OTHERS = ("variants", "alternatives")

_PLAN = "study.toml"


def provide(store: Store, assignment: Assignment) -> None:
    """Put what a node needs of the study: its plan and its data set."""
    store.push(_PLAN, assignment.folder)
    store.push_data(assignment.dataset, assignment.dataset_digest)


def perform_from_store(assignment: Assignment, url: str) -> Outcome:
    """Do a task with all that it needs from a store, where its files lie then: what a node of a cluster does.

    Raises:
        ConfigError: the store cannot be written, or its plan does not fit this version.
    """
    store = Store.open(url)
    scratch = Path(tempfile.gettempdir()) / f"edgeseg-study-{files.sha256_bytes(url.encode())[:12]}"
    folder = scratch / "tasks" / assignment.task
    shutil.rmtree(folder, ignore_errors=True)  # of a task that did not end
    data = store.pull_data(assignment.dataset.name, assignment.dataset_digest, scratch)
    store.pull(_PLAN, folder)
    task = find_task(StudyFolder(path=folder).plan(), assignment.dataset_digest, assignment.task)
    _fetch(store, task, folder)
    running = start(replace(assignment, folder=folder, dataset=data))
    last, safe = time.monotonic(), False
    try:
        while (outcome := running.poll()) is None:
            time.sleep(0.1)
            # The first checkpoint at once: until then another node would begin anew.
            if time.monotonic() - last >= _INTERVAL or (not safe and _has_checkpoint(folder)):
                safe = _has_checkpoint(folder)
                _put(store, task, folder)
                last = time.monotonic()
    finally:
        running.stop()
    _put(store, task, folder)
    shutil.rmtree(folder, ignore_errors=True)
    return outcome


def _fetch(store: Store, task: Task, folder: Path) -> None:
    """What a task starts from, and what it has made already."""
    run = f"runs/{task.network.name}"
    store.pull(run, folder, deep=False)
    if isinstance(task.work, Train):
        store.pull(f"{run}/checkpoints", folder)
    for own in _own(task):
        store.pull(own, folder)


def _put(store: Store, task: Task, folder: Path) -> None:
    if isinstance(task.work, Train):
        store.push(f"runs/{task.network.name}", folder, leave=_OTHERS)
    for own in _own(task):
        store.push(own, folder)
    for name in (f"tasks/{task.id}.log", f"tasks/{task.id}.progress.json"):
        if (folder / name).exists():
            store.push(name, folder)


def _has_checkpoint(folder: Path) -> bool:
    return any(folder.glob("runs/**/checkpoints/checkpoint"))


def _own(task: Task) -> Iterator[str]:
    """Where the files of a variant and of its fine-tuned runs lie; other tasks write none there meanwhile."""
    if isinstance(task.work, Train):
        return
    yield files_below(task).as_posix()
    run = run_below(task)
    if run:
        yield "/".join(run.parts[:4])  # the first of the fine-tuned runs, with those that go on from it


def brought_back(running: RunningTask, store: Store, task: Task, folder: StudyFolder) -> RunningTask:
    """A task on another machine whose files are fetched to the study's folder when it ends."""
    heard = time.monotonic()

    def poll() -> Outcome | None:
        nonlocal heard
        found = running.poll()
        if found is None:
            if time.monotonic() - heard >= _INTERVAL:
                heard = time.monotonic()
                store.pull(f"tasks/{task.id}.progress.json", folder.path)
            return None
        return _bring(found, store, task, folder)

    return RunningTask(poll=poll, stop=running.stop)


def _bring(found: Outcome, store: Store, task: Task, folder: StudyFolder) -> Outcome:
    store.pull(f"tasks/{task.id}.log", folder.path)
    folder.progress_path(task.id).unlink(missing_ok=True)
    if found.error:
        return found
    if not isinstance(task.work, Train):
        store.pull(files_below(task).as_posix(), folder.path)
    run = run_below(task)
    if run:
        store.pull(run.as_posix(), folder.path, deep=False)
    for name, sha in found.outputs.items():
        if not folder.unchanged(name, sha):
            return Outcome(error=f"{store.url} gave back other bytes of {name} than were made")
    return found
