"""Where a study stands: read from its folder, whether it runs or not."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from edgeseg.host.study.folder import StudyFolder, is_running
from edgeseg.host.study.record import Record, State, TaskProgress
from edgeseg.host.study.tasks import BENCH, Task, list_tasks
from edgeseg.records import stored, to_data

RUNNING, DONE, FAILED = State.RUNNING, State.DONE, State.FAILED
WAITING, BLOCKED, INTERRUPTED = "waiting", "blocked", "interrupted"

#: In the order in which they are counted up.
STATES = (DONE, RUNNING, FAILED, BLOCKED, INTERRUPTED, WAITING)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStatus:
    """Where a task stands.

    Attributes:
        task: its id.
        network: name of the trained network that it belongs to.
        step: `train`, a variant, the name of an alternative, or `bench`.
        state: one of `STATES`; `blocked`: what it needs has failed; `interrupted`: begun, and nobody is at
            it.
        seconds: that it took, or has taken by now.
        note: how far it is, or why it failed or is blocked.
        left: seconds that it still needs, None where nothing like it was measured yet.
    """

    task: str
    network: str = field(metadata=stored(key="cell"))
    step: str = field(metadata=stored(key="what"))
    state: str
    seconds: float
    note: str
    left: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyStatus:
    """Where a study stands.

    Attributes:
        running: whether a process runs it now, on this machine.
        tasks: in the order in which they are begun.
        seconds_left: as many tasks at a time as now; None where nothing was measured yet.
        at_least: whether `seconds_left` leaves out tasks of which none has been measured yet.
    """

    running: bool
    tasks: tuple[TaskStatus, ...]
    seconds_left: float | None
    at_least: bool

    @property
    def counts(self) -> Mapping[str, int]:
        """State -> tasks, those with any."""
        found = Counter(each.state for each in self.tasks)
        return {str(state): found[state] for state in STATES if found[state]}

    def of(self, state: str) -> list[TaskStatus]:
        """The tasks in a state."""
        return [each for each in self.tasks if each.state == state]

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data."""
        return {
            "running": self.running,
            "counts": dict(self.counts),
            "seconds_left": self.seconds_left,
            "at_least": self.at_least,
            "tasks": [to_data(each) for each in self.tasks],
        }


def read_status(folder: StudyFolder) -> StudyStatus:
    """Where the study in a folder stands.

    Raises:
        ResultError: there is no study, or its files are damaged.
        ConfigError: its plan does not fit this version.
    """
    tasks = list_tasks(folder.plan(), folder.facts().dataset.digest)
    records = {task.id: folder.record(task.id) for task in tasks}
    running = is_running(folder)
    known = _measured(tasks, records)
    states = _states(tasks, records, running=running)
    rows = tuple(_row(folder, task, records[task.id], states, known) for task in tasks)
    open_rows = [row for row in rows if row.state in (RUNNING, INTERRUPTED, WAITING)]
    left = [row.left for row in open_rows if row.left is not None]
    return StudyStatus(
        running=running,
        tasks=rows,
        seconds_left=_left(open_rows) if left or not open_rows else None,
        at_least=len(left) < len(open_rows),
    )


def _left(rows: Sequence[TaskStatus]) -> float:
    """Benches take their turn alone; the others as many at a time as are running."""
    benches = sum(row.left or 0 for row in rows if row.step == BENCH)
    others = sum(row.left or 0 for row in rows if row.step != BENCH)
    return benches + others / max(1, sum(row.state == RUNNING for row in rows))


def _measured(tasks: Sequence[Task], records: Mapping[str, Record | None]) -> dict[str, float]:
    """What tasks of each step took: the median of their seconds."""
    taken: dict[str, list[float]] = {}
    for task in tasks:
        record = records[task.id]
        if record and record.state == DONE:
            taken.setdefault(task.step, []).append(record.seconds)
    return {step: statistics.median(seconds) for step, seconds in taken.items()}


def _states(tasks: Sequence[Task], records: Mapping[str, Record | None], *, running: bool) -> dict[str, str]:
    states: dict[str, str] = {}
    lost: set[str] = set()
    for task in tasks:  # each behind those that it depends on
        state = _own_state(task, records[task.id], running=running)
        states[task.id] = BLOCKED if state != DONE and task.is_blocked(lost) else state
        if states[task.id] in (FAILED, BLOCKED):
            lost.add(task.id)
    return states


def _own_state(task: Task, record: Record | None, *, running: bool) -> str:
    if record is None or record.digest != task.digest:
        return WAITING
    return INTERRUPTED if record.state == RUNNING and not running else record.state


def _row(
    folder: StudyFolder,
    task: Task,
    record: Record | None,
    states: Mapping[str, str],
    known: Mapping[str, float],
) -> TaskStatus:
    state, seconds, note = states[task.id], record.seconds if record else 0.0, ""
    left = known.get(task.step)
    if state == RUNNING and record:
        progress = folder.progress(task.id)
        elapsed = _since(record.started_at)
        note = progress.note if progress else "queued"
        left = _rest(left, elapsed, progress if record.attempts == 1 else None)
        seconds += elapsed
    elif state == FAILED and record:
        note = record.error
    elif state == BLOCKED:
        note = f"needs {next(each for each in task.after if states[each] in (FAILED, BLOCKED))}"
    return TaskStatus(
        task=task.id, network=task.network.name, step=task.step, state=state, seconds=seconds, note=note,
        left=left if state in (RUNNING, INTERRUPTED, WAITING) else None,
    )  # fmt: skip


def _rest(known: float | None, elapsed: float, progress: TaskProgress | None) -> float | None:
    """What a running task still needs: by others of its step, or by how far it is."""
    if known is not None:
        return max(known - elapsed, 0.0)
    if progress is None or not progress.done or not progress.total:
        return None
    return elapsed * (progress.total - progress.done) / progress.done


def _since(moment: str) -> float:
    return max((datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds(), 0.0)
