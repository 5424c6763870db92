"""A worker that dies, hangs or cannot do its task: one sentence each."""

import os
import signal
import time
from pathlib import Path

import pytest

from edgeseg.host.study import process
from edgeseg.host.study.process import Question


@pytest.fixture
def ask(blobs, tmp_path):
    """Starts a worker; it does not outlive the test."""
    begun = []

    def start(**changes):
        values = {
            "folder": str(tmp_path), "task": "cell_train", "cell": "cell", "what": "train", "inputs": {},
            "dataset": str(blobs.root), "dataset_digest": blobs.digest,
        }  # fmt: skip
        begun.append(process.start(Question(**(values | changes))))
        return begun[-1]

    yield start
    for each in begun:
        each.end()


def outcome(started):
    deadline = time.monotonic() + 60
    while (found := started.outcome()) is None:
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


def test_a_worker_that_was_killed(ask):
    started = ask()
    os.kill(worker(), signal.SIGKILL)
    assert "the system killed it by SIGKILL" in outcome(started).error


def test_a_worker_that_says_nothing(ask, monkeypatch):
    monkeypatch.setattr(process, "SILENCE_SECONDS", 0.5)
    started = ask()
    pid = worker()
    os.kill(pid, signal.SIGSTOP)
    assert "no answer within 0.5 s; the process was ended" in outcome(started).error
    assert not Path(f"/proc/{pid}").exists()


def test_a_worker_that_fails_unforeseen_says_where_to_look(ask, tmp_path):
    found = outcome(ask(what="bench"))
    assert "the process ended with code 1: KeyError: 'bench'" in found.error
    log = tmp_path / "tasks" / "cell_train.log"
    assert str(log) in found.error
    assert "Traceback" in log.read_text()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"dataset_digest": "0" * 64}, "changed while the study ran; run the study again"),
        ({"dataset": "/nowhere"}, "expected folders images/ and masks/ in /nowhere"),
    ],
)
def test_a_data_set_that_is_not_the_one(ask, changes, sentence):
    found = outcome(ask(what="bench", inputs={"bench": {}}, **changes))
    assert sentence in found.error
    assert not found.outputs
