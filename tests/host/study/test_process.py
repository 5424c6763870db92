"""A worker that dies, hangs or cannot do its task: one sentence each."""

import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from edgeseg.host.study import process
from edgeseg.host.study.plan_file import StudyFile
from edgeseg.host.study.process import Assignment
from edgeseg.host.study.tasks import list_tasks
from support.study_cases import plan_of


@pytest.fixture
def begin(blobs, tmp_path):
    """Starts the worker of a task, by default of the first one; it does not outlive the test."""
    begun = []
    plan = plan_of(blobs)
    (tmp_path / "study.toml").write_text(plan)
    tasks = {task.step: task for task in list_tasks(StudyFile(tmp_path, plan).plan(), blobs.digest)}

    def start(step="train", **changes):
        values = {
            "folder": tmp_path, "task": tasks[step].id, "digest": tasks[step].digest, "dataset": blobs.root,
            "dataset_digest": blobs.digest,
        }  # fmt: skip
        begun.append(process.start(Assignment(**(values | changes))))
        return begun[-1]

    yield start
    for each in begun:
        each.stop()


def outcome(running):
    deadline = time.monotonic() + 60
    while (found := running.poll()) is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def worker():
    """The one child of this process that is a worker."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        lines = {int(pid): Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children}
        for pid, line in lines.items():
            if b"edgeseg.host.study.worker" in line:
                return pid
    raise AssertionError("no worker")


def test_a_worker_that_was_killed(begin):
    running = begin()
    os.kill(worker(), signal.SIGKILL)
    assert "the system killed it by SIGKILL" in outcome(running).error


def test_a_worker_that_says_nothing(begin, monkeypatch):
    monkeypatch.setattr(process, "SILENCE_SECONDS", 0.5)
    running = begin()
    pid = worker()
    os.kill(pid, signal.SIGSTOP)
    assert "no answer within 0.5 s; the process was ended" in outcome(running).error
    assert not Path(f"/proc/{pid}").exists()


def test_a_worker_that_fails_unforeseen_says_where_to_look(begin, tmp_path):
    (tmp_path / "study.toml").write_text("seeds = " + 10_000 * "[" + 10_000 * "]")  # no parser goes so deep
    found = outcome(begin("bench"))
    assert "the process ended with code 1: RecursionError: " in found.error
    log = next((tmp_path / "tasks").glob("*_bench.log"))
    assert str(log) in found.error
    assert "Traceback" in log.read_text()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"dataset": Path("/nowhere")}, "expected a data set at /nowhere"),
        ({"digest": "0" * 64}, "install the same version"),
        ({"task": "bce+adam_seed7_train"}, "expected a task 'bce+adam_seed7_train' in the study"),
    ],
)
def test_what_is_not_as_the_study_has_it_is_a_sentence(begin, changes, sentence):
    found = outcome(begin("bench", **changes))
    assert sentence in found.error
    assert not found.outputs


def test_a_data_set_that_changed_meanwhile_is_a_sentence(begin, blobs, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(blobs.root, other)
    first, second, *_ = sorted((other / "images").iterdir())
    first.write_bytes(second.read_bytes())
    assert "changed while the study ran; run the study again" in outcome(begin(dataset=other)).error
