"""The worker's side of a process that does one piece of work (see `workers`)."""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from edgeseg.errors import EdgesegError, ResultError
from edgeseg.machine.memory import limited
from edgeseg.records import from_data, to_data
from edgeseg.workers.failure import Failure, explain_memory

Q = TypeVar("Q")

#: Told what is going on.
Alive = Callable[[str], None]

_SET_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of linux/prctl.h


def answer_one(question: type[Q], work: Callable[[Q, Alive], object], *, limits_itself: bool = False) -> None:
    """Read the question, work on it, answer.

    Bad input (an `EdgesegError`) and a lack of memory are answers too; a defect ends the process with its
    trace.

    Args:
        question: the record that is asked.
        work: given the question and whom to tell what is going on; returns the record of the answer.
        limits_itself: `work` sees to the limit of memory: only a part of what it does counts.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash is no surprise here: no core file
    messages = _own_stdout()
    asked = json.loads(sys.stdin.buffer.readline())
    end_with(asked["parent"])
    limit = asked["memory_bytes"]
    last = 0.0

    def send(message: Mapping[str, Any]) -> None:
        messages.write(json.dumps(message).encode() + b"\n")
        messages.flush()

    def alive(doing: str) -> None:
        nonlocal last
        if time.monotonic() - last >= 1:
            last = time.monotonic()
            send({"doing": doing})

    try:
        stated = from_data(question, asked["question"], where="the question", error=ResultError)
        with limited(None if limits_itself else limit, threads=1):
            answer = {"answer": to_data(work(stated, alive))}
    except EdgesegError as error:
        answer = {"failure": to_data(Failure(kind="refused", reason=str(error)))}
    except MemoryError as error:
        answer = {"failure": to_data(explain_memory(str(error), memory_bytes=limit))}
    send(answer)


def attachment() -> bytes:
    """The bytes that came with the question; to be read once."""
    return sys.stdin.buffer.read()


def end_with(parent: int) -> None:
    """Have the system end this process when `parent` ends, be it by SIGKILL.

    Args:
        parent: process id of who waits for the answer; this process ends at once where that one has ended.
    """
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("who asked has ended")


def _own_stdout() -> Any:
    """Keep stdout for messages: whoever prints to it from now on prints to stderr."""
    messages = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return messages
