"""Which task of a study begins when: what is done stays, what failed is reported and the others go on."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from edgeseg.data.dataset import SegmentationDataset
from edgeseg.host.study import process
from edgeseg.host.study.folder import StudyFolder
from edgeseg.host.study.process import Assignment, Outcome, RunningTask
from edgeseg.host.study.record import Record, State
from edgeseg.host.study.tasks import BENCH, Task

#: Starts a task somewhere: `here`, or on a cluster (`cluster.ray_engine`).
Engine = Callable[[Assignment, Task], RunningTask]

#: Seconds between two looks at what runs.
_PAUSE = 0.2


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """Who is told what happens.

    Attributes:
        tell: what begins and ends; a sentence for people.
        tick: nothing; called while the study waits, several times a second.
    """

    tell: Callable[[str], None] = lambda _: None
    tick: Callable[[], None] = lambda: None


def here(assignment: Assignment, _task: Task) -> RunningTask:
    """The engine of this machine."""
    return process.start(assignment)


@dataclass(slots=True)
class _Running:
    task: Task
    handle: RunningTask
    record: Record
    clock: float


@dataclass(slots=True, kw_only=True)
class Scheduler:
    """The state of a study in this process.

    Attributes:
        folder: of the study.
        tasks: each behind those that it depends on.
        dataset: that the study is run on.
        workers: who works.
        listener: who is told.
    """

    folder: StudyFolder
    tasks: Sequence[Task]
    dataset: SegmentationDataset
    workers: Workers
    listener: Listener
    #: What has ended for good.
    _done: dict[str, Record] = field(default_factory=dict)
    #: What failed, and what can never begin since it needs that.
    _lost: set[str] = field(default_factory=set)
    _running: dict[str, _Running] = field(default_factory=dict)

    def work_off(self) -> bool:
        """Do all that can be done; whether every task is done then.

        However this ends, by an interrupt too, no task runs on, and the next study goes on with it.
        """
        try:
            while self._begin_ready() or self._running:
                if not self._collect():
                    self.listener.tick()
                    time.sleep(_PAUSE)
        finally:
            for each in self._running.values():
                each.handle.stop()
                self.folder.write_record(each.task.id, _stopped(each))
        return not self._lost

    def _begin_ready(self) -> bool:
        """Begin what can be begun; whether anything was begun or settled."""
        moved = False
        for task in self.tasks:
            if self._has_ended(task.id) or task.id in self._running:
                continue
            if not all(map(self._has_ended, task.after)):
                continue
            if task.is_blocked(self._lost):
                self._lost.add(task.id)
                self.listener.tell(f"{task.id}: blocked, what it needs has failed")
                moved = True
            elif self._settled(task):
                moved = True
            elif self._may_begin(task):
                self._begin(task)
                moved = True
        return moved

    def _has_ended(self, task: str) -> bool:
        return task in self._done or task in self._lost

    def _may_begin(self, task: Task) -> bool:
        """Whether there is room for a task; a bench waits until it has the machine for itself."""
        if task.step == BENCH:
            waiting = any(each.step != BENCH and not self._has_ended(each.id) for each in self.tasks)
            return not waiting and not self._running
        return len(self._running) < self.workers.most

    def _before(self, task: Task) -> Mapping[str, Record]:
        """What a task starts from: the records of those before it that are done."""
        return {each: self._done[each] for each in task.after if each in self._done}

    def _digests_before(self, task: Task) -> dict[str, str]:
        return {each: record.outputs_digest for each, record in self._before(task).items()}

    def _settled(self, task: Task) -> bool:
        """Whether a task is done already: from the same inputs, with its files as they were made."""
        record = self.folder.record(task.id)
        if not record or record.state != State.DONE or record.digest != task.digest:
            return False
        if record.after != self._digests_before(task):
            return False
        if not self.folder.intact(record):
            self.listener.tell(f"{task.id}: its files were changed or lost; made again")
            return False
        self._done[task.id] = record
        return True

    def _begin(self, task: Task) -> None:
        earlier = self.folder.record(task.id)
        if earlier and earlier.digest != task.digest:
            earlier = None
        for name, sha in (earlier.outputs if earlier else {}).items():
            if not self.folder.unchanged(name, sha):
                self.folder.file(name).unlink(missing_ok=True)  # nothing starts from a damaged file
        record = Record(
            state=State.RUNNING,
            digest=task.digest,
            after=self._digests_before(task),
            attempts=earlier.attempts + 1 if earlier else 1,
            started_at=_now(),
            seconds=earlier.seconds if earlier and earlier.state != State.DONE else 0.0,
        )
        self.folder.write_record(task.id, record)
        engine = here if task.step == BENCH else self.workers.engine
        handle = engine(self._assignment(task), task)
        self._running[task.id] = _Running(task, handle, record, time.monotonic())
        self.listener.tell(f"{task.id}: begun" if record.attempts == 1 else f"{task.id}: begun again")

    def _assignment(self, task: Task) -> Assignment:
        return Assignment(
            folder=self.folder.path.resolve(),
            task=task.id,
            digest=task.digest,
            dataset=self.dataset.root.resolve(),
            dataset_digest=self.dataset.digest,
            files=tuple(name for record in self._before(task).values() for name in record.outputs),
        )

    def _collect(self) -> bool:
        """Take note of what has ended; whether anything has."""
        ended: Mapping[str, Outcome] = {
            key: outcome for key, each in self._running.items() if (outcome := each.handle.poll()) is not None
        }
        for key, outcome in ended.items():
            record = replace(
                _stopped(self._running[key]),
                state=State.FAILED if outcome.error else State.DONE,
                error=outcome.error,
                outputs=outcome.outputs,
            )
            self.folder.write_record(key, record)
            if outcome.error:
                self._lost.add(key)
            else:
                self._done[key] = record
            del self._running[key]
            self.listener.tell(f"{key}: failed: {outcome.error}" if outcome.error else f"{key}: done")
        return bool(ended)


def _stopped(each: _Running) -> Record:
    seconds = each.record.seconds + time.monotonic() - each.clock
    return replace(each.record, ended_at=_now(), seconds=round(seconds, 3))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
