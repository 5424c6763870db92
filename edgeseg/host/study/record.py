"""What a study writes down of itself: its facts, and a record of each task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from edgeseg import files

#: Of study.json and of the records. 1: the first.
SCHEMA_VERSION = 1


class State(StrEnum):
    """What became of a task that was begun."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is known of a task that was begun.

    Attributes:
        state: what became of it.
        digest: of the task (`Task.digest`) when it was begun.
        after: id of each task that it depended on -> digest of that one's outputs then.
        attempts: how often it was begun.
        started_at: of the latest attempt, ISO 8601.
        ended_at: likewise; empty while it runs.
        seconds: that all attempts took together; what a killed study did not live to write is not in it.
        error: why it failed, a sentence.
        outputs: file below the study's folder -> SHA-256.
    """

    state: State
    digest: str
    after: Mapping[str, str] = field(default_factory=dict)
    attempts: int = 1
    started_at: str = ""
    ended_at: str = ""
    seconds: float = 0.0
    error: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def outputs_digest(self) -> str:
        """One digest over the outputs."""
        return files.sha256_bytes("".join(f"{name}\0{sha}\n" for name, sha in self.outputs.items()).encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskProgress:
    """How far a running task is.

    Attributes:
        done: units of work.
        total: likewise; 0 where it is not known yet.
        note: what it is at.
        at: when it said so, seconds since 1970.
    """

    done: int
    total: int
    note: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StudiedDataset:
    """The data set of a study.

    Attributes:
        name: of it.
        root: its folder.
        digest: that it had when the study began.
    """

    name: str
    root: Path
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyFacts:
    """What study.json states.

    Attributes:
        edgeseg: the version that ran the study last.
        name: of the study.
        dataset: that it is run on.
    """

    edgeseg: str = ""
    name: str
    dataset: StudiedDataset
