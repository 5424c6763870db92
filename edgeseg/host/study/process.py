"""The process of a task: starting it, and what became of it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from edgeseg import files
from edgeseg.errors import ResultError
from edgeseg.host.study.folder import StudyFolder
from edgeseg.workers.asking import command
from edgeseg.workers.failure import explain_end, explain_silence

#: A task that says nothing for so long has hung; a validation on a slow machine is silent for minutes.
SILENCE_SECONDS = 3600.0

_WORKER = command("edgeseg.host.study.worker")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """All that a worker has to know of its task.

    Attributes:
        folder: of the study.
        task: the id.
        cell: the trained network that it belongs to.
        what: `train`, `bench` or the variant.
        inputs: as in `Task`.
        dataset: its folder.
        dataset_digest: that it must have.
        files: to bench, below the study's folder.
        threads: that TensorFlow may use.
        min_agreement: as in `ExportOptions`; decides whether a file is taken, and nothing in it.
        parent: process id of who waits for the answer.
    """

    folder: str
    task: str
    cell: str
    what: str
    inputs: Mapping[str, Any]
    dataset: str
    dataset_digest: str
    files: tuple[str, ...] = ()
    threads: int = 1
    min_agreement: float | None = None
    parent: int = 0

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        """From `to_dict`'s data."""
        return cls(**{**value, "files": tuple(value["files"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a task: files with their SHA-256, or a sentence why there are none."""

    outputs: Mapping[str, str] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A task that was started somewhere.

    Attributes:
        outcome: what became of it, or None while it runs; does not wait.
        end: ends it now, however far it is.
    """

    outcome: Callable[[], Outcome | None]
    end: Callable[[], None]


def answer_path(folder: StudyFolder, task: str) -> Path:
    """Where a worker leaves its answer, until it is heard."""
    return folder.path / "tasks" / f"{task}.answer.json"


def start(question: Question) -> Started:
    """Start the worker of a task on this machine: the engine `local`.

    Raises:
        OutputError: the study's folder cannot be written.
    """
    folder = StudyFolder(path=Path(question.folder))
    log = folder.log_path(question.task)
    answer_path(folder, question.task).unlink(missing_ok=True)
    folder.progress_path(question.task).unlink(missing_ok=True)
    files.write_bytes(log, b"", durable=False)
    with log.open("ab") as stream:
        # A session of its own: Ctrl-C comes to the study alone, which then ends its workers.
        child = subprocess.Popen(
            _WORKER, stdin=subprocess.PIPE, stdout=stream, stderr=stream, start_new_session=True
        )
    if child.stdin:
        asked = json.dumps(replace(question, parent=os.getpid()).to_dict()).encode()
        with contextlib.suppress(BrokenPipeError), child.stdin:  # what died at once says more by its end
            child.stdin.write(asked)
    begun = time.time()
    return Started(outcome=lambda: _outcome(child, folder, question.task, begun), end=lambda: _end(child))


def perform(question: Question) -> dict[str, Any]:
    """Start the worker of a task and wait for it: what a node of a cluster does.

    Returns:
        The `Outcome` as JSON-able data.
    """
    started = start(question)
    try:
        while (outcome := started.outcome()) is None:
            time.sleep(0.1)
    finally:
        started.end()
    return asdict(outcome)


def _outcome(child: subprocess.Popen[bytes], folder: StudyFolder, task: str, begun: float) -> Outcome | None:
    code: int | None = child.poll()
    if code is None:
        if time.time() - max(begun, folder.progress(task).get("at", 0.0)) < SILENCE_SECONDS:
            return None
        _end(child)
        return Outcome(error=_why(folder, task, None))
    answer = answer_path(folder, task)
    folder.progress_path(task).unlink(missing_ok=True)
    if code or not answer.exists():
        return Outcome(error=_why(folder, task, code))
    outcome = Outcome(**files.read_json(answer, kind="a worker's answer", error=ResultError))
    answer.unlink()
    return outcome


def _why(folder: StudyFolder, task: str, code: int | None) -> str:
    log = folder.log_path(task)
    printed = log.read_text(errors="replace")[-4000:]
    failure = explain_silence(SILENCE_SECONDS) if code is None else explain_end(code, printed)
    return f"{failure.reason} (all that it printed: {log})"


def _end(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    child.wait()
