"""The process of a task: starting it, and what became of it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from edgeseg import files
from edgeseg.errors import ResultError
from edgeseg.host.study.folder import StudyFolder
from edgeseg.records import from_data, to_data
from edgeseg.workers.asking import command
from edgeseg.workers.failure import explain_end, explain_silence

#: A task that says nothing for so long has hung; a validation on a slow machine is silent for minutes.
SILENCE_SECONDS = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What a worker is told: which task of the plan that lies in the study's folder.

    Attributes:
        folder: of the study.
        task: the id.
        digest: that the task must have: another version of edgeseg might make something else of the plan.
        dataset: its folder.
        dataset_digest: that it must have.
        files: to bench, below the study's folder.
        parent: process id of who waits for the answer.
    """

    folder: Path
    task: str
    digest: str
    dataset: Path
    dataset_digest: str
    files: tuple[str, ...] = ()
    parent: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a task: files with their SHA-256, or a sentence why there are none."""

    outputs: Mapping[str, str] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningTask:
    """A task that was started somewhere.

    Attributes:
        poll: what became of it, or None while it runs; does not wait.
        stop: ends it now, however far it is.
    """

    poll: Callable[[], Outcome | None]
    stop: Callable[[], None]


def start(assignment: Assignment) -> RunningTask:
    """Start the worker of a task on this machine.

    Raises:
        OutputError: the study's folder cannot be written.
    """
    folder, task = StudyFolder(path=assignment.folder), assignment.task
    log = folder.log_path(task)
    folder.answer_path(task).unlink(missing_ok=True)
    folder.progress_path(task).unlink(missing_ok=True)
    files.write_bytes(log, b"", durable=False)
    with log.open("ab") as stream:
        # A session of its own: Ctrl-C comes to the study alone, which then ends its workers.
        child = subprocess.Popen(
            command("edgeseg.host.study.worker"),
            stdin=subprocess.PIPE,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    if child.stdin:
        told = json.dumps(to_data(replace(assignment, parent=os.getpid()))).encode()
        with contextlib.suppress(BrokenPipeError), child.stdin:  # what died at once says more by its end
            child.stdin.write(told)
    begun = time.time()
    return RunningTask(poll=lambda: _outcome(child, folder, task, begun), stop=lambda: _end(child))


def perform(assignment: Assignment) -> Outcome:
    """Start the worker of a task and wait for it: what a node of a cluster does."""
    running = start(assignment)
    try:
        while (outcome := running.poll()) is None:
            time.sleep(0.1)
    finally:
        running.stop()
    return outcome


def _outcome(child: subprocess.Popen[bytes], folder: StudyFolder, task: str, begun: float) -> Outcome | None:
    code: int | None = child.poll()
    if code is None:
        said = folder.progress(task)
        if time.time() - max(begun, said.at if said else 0.0) < SILENCE_SECONDS:
            return None
        _end(child)
        return Outcome(error=_why(folder, task, None))
    answer = folder.answer_path(task)
    folder.progress_path(task).unlink(missing_ok=True)
    if code or not answer.exists():
        return Outcome(error=_why(folder, task, code))
    value = files.read_json(answer, kind="a worker's answer", error=ResultError)
    outcome = from_data(Outcome, value, where=answer, error=ResultError)
    answer.unlink()
    return outcome


def _why(folder: StudyFolder, task: str, code: int | None) -> str:
    log = folder.log_path(task)
    if code is None:
        failure = explain_silence(SILENCE_SECONDS)
    else:
        failure = explain_end(code, log.read_text(errors="replace")[-4000:])
    return f"{failure.reason} (all that it printed: {log})"


def _end(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    child.wait()
