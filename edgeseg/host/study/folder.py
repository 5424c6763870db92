"""The folder of a study, and its layout.

study.toml          the plan, as it was given
study.json          the study's name; the data set's name, folder and digest
tasks/              ID.json: one record a task; ID.progress.json, ID.log while and after it runs
data/               the data set, where it is made for the study
runs/NETWORK/       training runs
models/NETWORK/     the files, a folder a variant
bench/NETWORK.json  their measurements
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from edgeseg import files, locks
from edgeseg._version import __version__
from edgeseg.data.dataset import SegmentationDataset
from edgeseg.errors import OutputError, ResultError
from edgeseg.host.study.plan import StudyPlan
from edgeseg.host.study.plan_file import open_study_file
from edgeseg.host.study.record import SCHEMA_VERSION, Record, StudiedDataset, StudyFacts, TaskProgress
from edgeseg.host.study.tasks import Export, Task, Train
from edgeseg.model.fine_tuning import run_path
from edgeseg.records import from_data, read_record, to_data, write_record


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

    def answer_path(self, task: str) -> Path:
        """Where a worker leaves what became of a task, until it is heard."""
        return self.path / "tasks" / f"{task}.answer.json"

    def log_path(self, task: str) -> Path:
        """What a task's process printed."""
        return self.path / "tasks" / f"{task}.log"

    def trained_run(self, task: Task) -> Path:
        """The training run of the task's network."""
        return self.path / "runs" / task.network.name

    def starting_run(self, task: Task) -> Path:
        """The run that a task works on: of an alternative, a copy with room for fine-tuned runs."""
        return self.path / _starting_run(task)

    def files_of(self, task: Task) -> Path:
        """The folder of the files that a task makes: those in folders of their own do not wait."""
        return self.path / files_below(task)

    def bench_path(self, network: str) -> Path:
        """The measurements of a network's files."""
        return self.path / "bench" / f"{network}.json"

    def record(self, task: str) -> Record | None:
        """The record of a task, or None where it was never begun; `ResultError` where it is damaged."""
        path = self.record_path(task)
        if not path.exists():
            return None
        return read_record(
            Record, path, kind="a record of a task", versions=(SCHEMA_VERSION,), error=ResultError,
            cure="remove the file, and run the study again",
        )  # fmt: skip

    def write_record(self, task: str, record: Record) -> None:
        """Replace the record of a task; `OutputError` where that fails."""
        write_record(self.record_path(task), record, version=SCHEMA_VERSION)

    def intact(self, record: Record) -> bool:
        """Whether all that a task made is there as it was made."""
        return all(self.unchanged(name, sha) for name, sha in record.outputs.items())

    def file(self, name: str) -> Path:
        """A file that a record names; `OutputError` where the name leads out of the folder."""
        return files.path_below(self.path, name)

    def unchanged(self, name: str, sha: str) -> bool:
        """Whether a file below the folder is there and has this SHA-256."""
        path = self.file(name)
        return path.is_file() and files.sha256(path) == sha

    def progress(self, task: str) -> TaskProgress | None:
        """How far a running task is; None where it has not said yet."""
        path = self.progress_path(task)
        try:
            value = files.read_json(path, kind="progress", error=ResultError)
            return from_data(TaskProgress, value, where=path, error=ResultError)
        except ResultError:
            return None

    def write_progress(self, task: str, progress: TaskProgress) -> None:
        """Say how far a running task is; not worth waiting for the disk."""
        text = files.json_text(to_data(progress))
        files.write_bytes(self.progress_path(task), text.encode(), durable=False)

    def plan(self) -> StudyPlan:
        """The plan; `ConfigError` where it is gone or does not fit this version."""
        path = self.path / "study.toml"
        return open_study_file(path).plan()

    def facts(self) -> StudyFacts:
        """What study.json states; `ResultError` where this is no study."""
        return read_record(
            StudyFacts, self.path / "study.json", kind="a study", versions=(SCHEMA_VERSION,),
            error=ResultError,
            cure="use the edgeseg version that made it, or run the study into another --out",
        )  # fmt: skip

    @property
    def begun(self) -> bool:
        """Whether a study was begun here."""
        return (self.path / "study.json").exists()


def run_below(task: Task) -> Path | None:
    """The run that a task trains or fine-tunes, below the study's folder; None where it does neither."""
    match task.work:
        case Train():
            return _starting_run(task)
        case Export(methods=methods) if methods:
            return _starting_run(task) / run_path(methods)
        case _:
            return None


def files_below(task: Task) -> Path:
    """The folder of the files that a task makes, below the study's folder."""
    return Path("models", task.network.name, task.step)


def _starting_run(task: Task) -> Path:
    run = Path("runs", task.network.name)
    alternative = isinstance(task.work, Export) and task.work.alternative
    return run / "alternatives" / task.step if alternative else run


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
    studied = StudiedDataset(name=dataset.name, root=dataset.root.resolve(), digest=dataset.digest)
    facts = StudyFacts(edgeseg=__version__, name=name, dataset=studied)
    write_record(folder.path / "study.json", facts, version=SCHEMA_VERSION)


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
