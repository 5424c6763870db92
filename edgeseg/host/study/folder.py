"""The folder of a study, and its layout.

study.toml      the plan, as it was given
study.json      the study's name; the data set's name, folder and digest
tasks/          ID.json: one record a task; ID.progress.json, ID.log while and after it runs
data/           the data set, where it is made for the study
runs/CELL/      training runs
models/CELL/    the files, a folder a variant
bench/CELL.json their measurements
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from edgeseg import files, locks
from edgeseg._version import __version__
from edgeseg.data.dataset import SegmentationDataset
from edgeseg.errors import OutputError, ResultError
from edgeseg.host.study.plan import StudyPlan
from edgeseg.host.study.plan_file import parse_plan

#: Of study.json and of the records. 1: the first.
SCHEMA_VERSION = 1

RUNNING, DONE, FAILED = "running", "done", "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is known of a task that was begun.

    Attributes:
        state: `running`, `done` or `failed`.
        digest: of the task (`Task.digest`) when it was begun.
        after: id of each task that it depended on -> digest of that one's outputs then.
        attempts: how often it was begun.
        started_at: of the latest attempt, ISO 8601.
        ended_at: likewise; empty while it runs.
        seconds: that all attempts took together; what a killed study did not live to write is not in it.
        error: why it failed, a sentence.
        outputs: file below the study's folder -> SHA-256.
    """

    state: str
    digest: str
    after: Mapping[str, str] = field(default_factory=dict)
    attempts: int = 1
    started_at: str = ""
    ended_at: str = ""
    seconds: float = 0.0
    error: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def made(self) -> str:
        """One digest over the outputs."""
        return files.sha256_bytes("".join(f"{name}\0{sha}\n" for name, sha in self.outputs.items()).encode())

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        """From stored data; `ResultError` where it does not fit."""
        try:
            return cls(**{key: each for key, each in value.items() if key != "schema_version"})
        except TypeError as error:
            raise ResultError(f"expected a record of a task, but {error}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyFolder:
    """A study on disk: where everything lies."""

    path: Path

    def record_path(self, task: str) -> Path:
        """Where the record of a task lies."""
        return self.path / "tasks" / f"{task}.json"

    def progress_path(self, task: str) -> Path:
        """Where a running task says how far it is."""
        return self.path / "tasks" / f"{task}.progress.json"

    def log_path(self, task: str) -> Path:
        """What a task's process printed."""
        return self.path / "tasks" / f"{task}.log"

    def run_path(self, cell: str) -> Path:
        """The training run of a cell."""
        return self.path / "runs" / cell

    def alternative_path(self, cell: str, name: str) -> Path:
        """The training run of a cell once more, for what is fine-tuned with other settings."""
        return self.run_path(cell) / "alternatives" / name

    def models_path(self, cell: str, variant: str) -> Path:
        """The folder of one variant: files in folders of their own do not wait for each other."""
        return self.path / "models" / cell / variant

    def bench_path(self, cell: str) -> Path:
        """The measurements of a cell's files."""
        return self.path / "bench" / f"{cell}.json"

    def record(self, task: str) -> Record | None:
        """The record of a task, or None where it was never begun; `ResultError` where it is damaged."""
        path = self.record_path(task)
        if not path.exists():
            return None
        return Record.from_dict(files.read_json(path, kind="a record of a task", error=ResultError))

    def write_record(self, task: str, record: Record) -> None:
        """Replace the record of a task; `OutputError` where that fails."""
        files.write_json(self.record_path(task), {"schema_version": SCHEMA_VERSION, **asdict(record)})

    def intact(self, record: Record) -> bool:
        """Whether all that a task made is there as it was made."""
        return all(self.unchanged(name, sha) for name, sha in record.outputs.items())

    def unchanged(self, name: str, sha: str) -> bool:
        """Whether a file below the folder is there and has this SHA-256."""
        path = self.path / name
        return path.is_file() and files.sha256(path) == sha

    def progress(self, task: str) -> dict[str, Any]:
        """How far a running task is: `done`, `total`, `note`; empty where it has not said yet."""
        try:
            return files.read_json(self.progress_path(task), kind="progress", error=ResultError)
        except ResultError:
            return {}

    def plan(self) -> StudyPlan:
        """The plan; `ConfigError` where it is gone or does not fit this version."""
        path = self.path / "study.toml"
        return parse_plan(path.read_text(encoding="utf-8"), path=path)

    def facts(self) -> dict[str, Any]:
        """What study.json states; `ResultError` where this is no study."""
        value = files.read_json(self.path / "study.json", kind="a study", error=ResultError)
        stated = isinstance(value.get("name"), str) and isinstance(value.get("dataset"), dict)
        if value.get("schema_version") != SCHEMA_VERSION or not stated:
            raise ResultError(
                f"expected schema_version {SCHEMA_VERSION}, a name and a dataset in "
                f"{self.path / 'study.json'}; use the edgeseg version that made it, or run the study into "
                "another --out"
            )
        return value

    @property
    def begun(self) -> bool:
        """Whether a study was begun here."""
        return (self.path / "study.json").exists()


def find_studies(path: Path) -> list[StudyFolder]:
    """The study in a folder, or those in the folders in it, one for each data set, by name.

    Raises:
        ResultError: there is none.
    """
    folder = StudyFolder(path=path)
    if folder.begun:
        return [folder]
    inner = [StudyFolder(path=each) for each in sorted(path.iterdir())] if path.is_dir() else []
    found = [each for each in inner if each.begun]
    if not found:
        raise ResultError(f"expected a study at {path}, but there is none; `edgeseg study run` begins one")
    return found


def open_folder(path: Path) -> StudyFolder:
    """The folder to run a study in: a new one, an empty one, or a study's.

    Raises:
        OutputError: it holds something else.
    """
    folder = StudyFolder(path=path)
    strange = [each.name for each in path.iterdir() if each.name not in _OURS] if path.is_dir() else []
    if not folder.begun and strange:
        raise OutputError(f"{path} holds {strange[0]} and no study; choose another --out")
    return folder


#: What a study that was killed before its study.json may have left.
_OURS = frozenset({".lock", "study.toml", "data"})


def begin(folder: StudyFolder, name: str, text: str, dataset: SegmentationDataset) -> None:
    """Write down what the study is, or what it now is."""
    files.write_text(folder.path / "study.toml", text)
    facts = {
        "schema_version": SCHEMA_VERSION,
        "edgeseg": __version__,
        "name": name,
        "dataset": {
            "name": dataset.name,
            "root": str(dataset.root.resolve()),
            "digest": dataset.digest,
        },
    }
    files.write_json(folder.path / "study.json", facts)


def locked(folder: StudyFolder) -> AbstractContextManager[None]:
    """Keep a second study out of the folder; the lock ends with the process, however it ends.

    Raises:
        OutputError: another process runs the study, or the folder cannot be made.
    """
    taken = (
        f"another process runs a study in {folder.path}; wait for it (`edgeseg study status {folder.path}`), "
        "or choose another --out"
    )
    return locks.locked(folder.path / ".lock", taken=taken)


def is_running(folder: StudyFolder) -> bool:
    """Whether a process runs the study now, on this machine."""
    return locks.is_locked(folder.path / ".lock")
