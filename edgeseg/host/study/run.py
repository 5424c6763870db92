"""Running a study: what is done stays, what failed is reported and the others go on."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from edgeseg import files
from edgeseg.data.check import check_dataset
from edgeseg.data.dataset import SegmentationDataset, open_dataset
from edgeseg.errors import ConfigError, DatasetError, OutputError
from edgeseg.host.study import process
from edgeseg.host.study.folder import DONE, FAILED, RUNNING, Record, StudyFolder, begin, locked, open_folder
from edgeseg.host.study.plan import SYNTHETIC, StudyPlan
from edgeseg.host.study.plan_file import parse_plan
from edgeseg.host.study.process import Outcome, Question, Started
from edgeseg.host.study.tasks import BENCH, Task, list_tasks, needs_of

#: Starts a task somewhere: `process.start` here, `cluster.ray_engine` elsewhere.
Engine = Callable[[Question, Task], Started]

#: Told that a task has begun, or has ended and how; a sentence for people.
Tell = Callable[[str], None]

#: Seconds between two looks at what runs.
_PAUSE = 0.2

_DAMAGED = "its files were changed or lost; made again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workers:
    """Who works.

    Attributes:
        engine: starts a task; benches are always run here, since times of different machines, or of one
            that does other work, do not compare.
        most: tasks at a time.
    """

    engine: Engine
    most: int


def here(question: Question, _task: Task) -> Started:
    """The engine of this machine."""
    return process.start(question)


def run_study(
    text: str,
    *,
    path: Path,
    out: Path,
    workers: Workers,
    dataset: Path | None = None,
    force: bool = False,
    tell: Tell = lambda _: None,
    tick: Callable[[], None] = lambda: None,
) -> bool:
    """Run a study, or go on with it.

    An interrupt (Ctrl-C) ends the workers and is raised again; the same call goes on.

    Args:
        text: of the STUDY.toml.
        path: of it, for sentences and for a relative data set.
        out: the study's folder: a new one, or one where this study was begun.
        workers: who works.
        dataset: instead of the plan's, which has one at most then (see `split_datasets`).
        force: make again what was made from other settings.
        tell: told what begins and ends.
        tick: called while it waits, several times a second.

    Returns:
        Whether every task is done.

    Raises:
        ConfigError: the plan is wrong, or names no data set.
        DatasetError: the data set cannot be used, or changed since the study began.
        OutputError: `out` holds something else, another process runs the study, tasks were made from other
            settings and `force` is not set, or it cannot be written.
    """
    plan = parse_plan(text, path=path)
    folder = open_folder(out)
    found = _find_dataset(folder, plan, dataset)  # before anything is written
    with locked(folder):
        data = found or _synthetic(folder, plan)
        _refuse_other_data(folder, data)
        tasks = list_tasks(plan, data.digest)
        if not force:
            _refuse_changed(folder, tasks, path)
        begin(folder, plan.name, text, data)
        return _Study(folder, plan, tasks, data, workers=workers, tell=tell).work_off(tick)


def split_datasets(plan: StudyPlan, given: Sequence[Path], out: Path) -> list[tuple[Path | None, Path]]:
    """A study of several data sets is one of each, in a folder of its own.

    Args:
        plan: of the study.
        given: the data sets to use instead of the plan's; empty: the plan's.
        out: the study's folder.

    Returns:
        Each data set (None: whatever the plan names) with the folder of its study.

    Raises:
        ConfigError: two data sets' folders have one name.
    """
    datasets = [Path(each) for each in given or plan.datasets]
    if len(datasets) < 2:
        return [(given[0] if given else None, out)]
    names = [each.resolve().name for each in datasets]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"expected data sets in folders of different names, but two are called {name}")
    return [(each, out / name) for each, name in zip(datasets, names, strict=True)]


def _find_dataset(folder: StudyFolder, plan: StudyPlan, given: Path | None) -> SegmentationDataset | None:
    """The data set that the study is run on, or None where it is made for it."""
    if given is None and plan.datasets == (SYNTHETIC,):
        return None
    named = given or next(iter(plan.datasets), folder.facts()["dataset"]["root"] if folder.begun else None)
    if not named:
        raise ConfigError(f"the study '{plan.name}' names no data set; name one with --dataset")
    dataset = open_dataset(Path(named))
    if not folder.begun:
        _refuse_errors(dataset.root)
    return dataset


def _synthetic(folder: StudyFolder, plan: StudyPlan) -> SegmentationDataset:
    from edgeseg.data.synthetic.synth import write_dataset

    root = folder.path / "data"
    if folder.begun and folder.plan().synthetic != plan.synthetic:
        raise ConfigError(
            f"[synthetic] is not as it was when the study in {folder.path} began; change it back, or run "
            "the study into another --out"
        )
    if not root.exists():
        write_dataset(root, **asdict(plan.synthetic))
    return open_dataset(root)


def _refuse_other_data(folder: StudyFolder, dataset: SegmentationDataset) -> None:
    if folder.begun and dataset.digest != folder.facts()["dataset"]["digest"]:
        raise DatasetError(
            f"the data set {dataset.root} is not as it was when the study in {folder.path} began (its digest "
            "differs); bring back what changed, or run the study into another --out"
        )


def _refuse_errors(root: Path) -> None:
    """Read every image before the first step: better a sentence now than one for every cell."""
    errors = check_dataset(root).errors
    if errors:
        raise DatasetError(
            f"{errors[0].message} ({errors[0].files[0] if errors[0].files else root}); `edgeseg data check "
            f"{root}` lists every problem ({len(errors)} errors)"
        )


def _refuse_changed(folder: StudyFolder, tasks: Sequence[Task], path: Path) -> None:
    """Refuse a plan by which something that is done would have to be made again."""
    changed = []
    for task in tasks:
        record = folder.record(task.id)
        made_otherwise = record and record.state != FAILED and record.digest != task.digest
        if made_otherwise and task.what != BENCH:  # a bench of more files than before replaces nothing
            changed.append(task.id)
    if changed:
        others = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise OutputError(
            f"{changed[0]}{others} in {folder.path} came from other settings than {path} has now, or from "
            "another version of edgeseg; change them back, choose another --out, or pass --force to make "
            "them again"
        )


@dataclass(slots=True)
class _Running:
    task: Task
    started: Started
    record: Record
    clock: float


class _Study:
    """The state of a study in this process."""

    def __init__(
        self,
        folder: StudyFolder,
        plan: StudyPlan,
        tasks: Sequence[Task],
        dataset: SegmentationDataset,
        *,
        workers: Workers,
        tell: Tell,
    ) -> None:
        self._folder, self._plan, self._tasks, self._dataset = folder, plan, tasks, dataset
        self._workers, self._tell = workers, tell
        #: What has ended for good: records of done and failed tasks, None for blocked ones.
        self._ended: dict[str, Record | None] = {}
        self._running: dict[str, _Running] = {}

    def work_off(self, tick: Callable[[], None]) -> bool:
        """Do all that can be done."""
        try:
            while self._begin_ready() or self._running:
                if not self._collect():
                    tick()
                    time.sleep(_PAUSE)
        finally:
            self._leave()
        return all(record and record.state == DONE for record in self._ended.values())

    def _leave(self) -> None:
        """End what still runs; its records say so, and the next study goes on with it."""
        for each in self._running.values():
            each.started.end()
            self._folder.write_record(each.task.id, _stopped(each))

    def _begin_ready(self) -> bool:
        """Begin what can be begun; whether anything was begun or settled."""
        moved = False
        for task in self._tasks:
            if task.id in self._ended or task.id in self._running or not self._heard_all(task):
                continue
            if self._hopeless(task):
                self._ended[task.id] = None
                self._tell(f"{task.id}: blocked, what it needs has failed")
                moved = True
            elif self._settled(task):
                moved = True
            elif self._free(task):
                self._begin(task)
                moved = True
        return moved

    def _heard_all(self, task: Task) -> bool:
        return all(each in self._ended for each in task.after)

    def _hopeless(self, task: Task) -> bool:
        missing = [not self._is_done(each) for each in task.after]
        return all(missing) if task.what == BENCH else any(missing)

    def _is_done(self, task: str) -> bool:
        record = self._ended.get(task)
        return record is not None and record.state == DONE

    def _free(self, task: Task) -> bool:
        """Whether a task may begin now; a bench waits until it has the machine for itself."""
        if task.what == BENCH:
            waiting = any(each.what != BENCH and each.id not in self._ended for each in self._tasks)
            return not waiting and not self._running
        return len(self._running) < self._workers.most

    def _after(self, task: Task) -> dict[str, str]:
        """What a task starts from: id -> digest of the outputs, of those that are done."""
        records = {each: self._ended[each] for each in task.after if self._is_done(each)}
        return {each: record.made for each, record in records.items() if record}

    def _settled(self, task: Task) -> bool:
        """Whether a task is done already: from the same inputs, with its files as they were made."""
        record = self._folder.record(task.id)
        if not record or record.state != DONE or record.digest != task.digest:
            return False
        if record.after != self._after(task):
            return False
        if not self._folder.intact(record):
            self._tell(f"{task.id}: {_DAMAGED}")
            return False
        self._ended[task.id] = record
        return True

    def _begin(self, task: Task) -> None:
        earlier = self._folder.record(task.id)
        if earlier and earlier.digest != task.digest:
            earlier = None
        for name, sha in (earlier.outputs if earlier else {}).items():
            if not self._folder.unchanged(name, sha):
                # Nothing starts from a damaged file.
                files.path_below(self._folder.path, name).unlink(missing_ok=True)
        record = Record(
            state=RUNNING,
            digest=task.digest,
            after=self._after(task),
            attempts=earlier.attempts + 1 if earlier else 1,
            started_at=_now(),
            seconds=earlier.seconds if earlier and earlier.state != DONE else 0.0,
        )
        self._folder.write_record(task.id, record)
        engine = here if task.what == BENCH else self._workers.engine
        started = engine(self._question(task), task)
        self._running[task.id] = _Running(task, started, record, time.monotonic())
        self._tell(f"{task.id}: begun" if record.attempts == 1 else f"{task.id}: begun again")

    def _question(self, task: Task) -> Question:
        made = [self._ended[each] for each in task.after if self._is_done(each)]
        return Question(
            folder=str(self._folder.path.resolve()),
            task=task.id,
            cell=task.cell,
            what=task.what,
            inputs=task.inputs,
            dataset=str(self._dataset.root.resolve()),
            dataset_digest=self._dataset.digest,
            files=tuple(name for record in made if record for name in record.outputs),
            # Not by how many tasks run: other numbers of threads add up in other orders, to other bits.
            threads=self._plan.needs[needs_of(task)].cpus,
            min_agreement=self._plan.min_agreement,
        )

    def _collect(self) -> bool:
        """Take note of what has ended; whether anything has."""
        ended: Mapping[str, Outcome] = {
            key: outcome
            for key, each in self._running.items()
            if (outcome := each.started.outcome()) is not None
        }
        for key, outcome in ended.items():
            each = self._running[key]
            record = replace(
                _stopped(each),
                state=FAILED if outcome.error else DONE,
                error=outcome.error,
                outputs=outcome.outputs,
            )
            self._folder.write_record(key, record)
            self._ended[key] = record
            del self._running[key]
            self._tell(f"{key}: failed: {outcome.error}" if outcome.error else f"{key}: done")
        return bool(ended)


def _stopped(each: _Running) -> Record:
    seconds = each.record.seconds + time.monotonic() - each.clock
    return replace(each.record, ended_at=_now(), seconds=round(seconds, 3))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
