"""One child process at a time: ask it, listen to it, and say in a sentence how it ended."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

from edgeseg.workers.failure import Failure

#: What programs print when memory runs out.
_MEMORY_SIGNS = ("bad_alloc", "cannot allocate memory", "out of memory", "memoryerror")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a child ended.

    Attributes:
        answer: what it answered, or `None`.
        code: its exit code, negative for a signal; `None` where it was silent for too long and ended
            by us.
        stderr: the last of what it printed there.
    """

    answer: dict[str, Any] | None
    code: int | None
    stderr: str


def ask(
    command: Sequence[str],
    question: Mapping[str, Any],
    *,
    timeout_seconds: float,
    heard: Callable[[str], None],
) -> Ending:
    """Run a child that takes JSON on stdin and gives messages on stdout (see `bench.child`).

    However this ends, by an interrupt too, the child has ended before.

    Args:
        command: the program and its arguments.
        question: for its stdin.
        timeout_seconds: the longest silence.
        heard: told what the child is doing.
    """
    # A session of its own: Ctrl-C comes to this process alone, which then ends the child.
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, start_new_session=True
        ) as child,
    ):
        answer, hung = None, False
        try:
            _write(child.stdin, question)
            for message in _messages(child.stdout, timeout_seconds):
                answer = message.get("answer", answer)
                if "doing" in message:
                    heard(message["doing"])
            child.wait(timeout_seconds)
        except (TimeoutError, subprocess.TimeoutExpired):
            hung = True
        finally:
            child.kill()
            child.wait()
        return Ending(answer=answer, code=None if hung else child.returncode, stderr=_tail(errors))


def _write(stream: IO[bytes] | None, question: Mapping[str, Any]) -> None:
    if stream is not None:
        with contextlib.suppress(BrokenPipeError), stream:  # a child that died says more by its end
            stream.write(json.dumps(question).encode())


def _messages(stream: IO[bytes] | None, timeout_seconds: float) -> Iterator[dict[str, Any]]:
    pending = b""
    while stream is not None:
        if not select.select([stream], [], [], timeout_seconds)[0]:
            raise TimeoutError
        chunk = os.read(stream.fileno(), 1 << 20)
        if not chunk:
            return
        *lines, pending = (pending + chunk).split(b"\n")
        yield from map(json.loads, lines)


def _tail(errors: IO[bytes]) -> str:
    errors.seek(max(0, errors.seek(0, os.SEEK_END) - 4000))
    return errors.read().decode(errors="replace")


def explain(ending: Ending, *, timeout_seconds: float, memory_limit_mb: int | None) -> Failure:
    """Why a child gave no answer.

    Args:
        ending: without an answer.
        timeout_seconds: that it was given.
        memory_limit_mb: that it was given.
    """
    if ending.code is None:
        return Failure(kind="hung", reason=f"no answer within {timeout_seconds:g} s; the process was ended")
    limit = f" with {memory_limit_mb} MB allowed" if memory_limit_mb else ""
    last = (ending.stderr.strip().splitlines() or ["it printed nothing"])[-1][:300]
    if any(sign in ending.stderr.lower() for sign in _MEMORY_SIGNS):
        return Failure(kind="memory", reason=f"ran out of memory{limit}: {last}")
    if ending.code == -signal.SIGKILL:
        # We did not send it; the kernel does when memory runs out.
        return Failure(kind="memory", reason=f"ran out of memory{limit}: the system killed it by SIGKILL")
    if ending.code < 0:
        return Failure(kind="crashed", reason=f"killed by {signal.Signals(-ending.code).name}{limit}")
    return Failure(kind="crashed", reason=f"the process ended with code {ending.code}{limit}: {last}")
