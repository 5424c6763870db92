"""The caller's side of a process that does one piece of work: ask, bound, listen (see `workers`)."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from threading import Thread
from typing import IO, Any, TypeVar

from edgeseg.errors import EdgesegError
from edgeseg.records import from_data, to_data
from edgeseg.workers.failure import Failure, explain_end, explain_silence

A = TypeVar("A")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a worker may take.

    Attributes:
        silence_seconds: the longest time without a sign of life; after it the process is ended.
        memory_bytes: that the process may take; `None` sets no limit (see `machine.memory.limited`).
    """

    silence_seconds: float
    memory_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoAnswer:
    """A process that gave no answer.

    Attributes:
        failure: why.
        code: its exit code, negative for a signal; `None` where it was ended for its silence, or never began.
        stderr: the last of what it printed there.
    """

    failure: Failure
    code: int | None = None
    stderr: str = ""


class _UnreadableError(EdgesegError):
    """What came from a worker is no message."""


def command(module: str) -> list[str]:
    """The command that runs a module of this package in a process of its own."""
    # -P: a json.py in the current folder must not become part of the process.
    return [sys.executable, "-P", "-m", module]


def ask(
    command: Sequence[str],
    question: object,
    answer: type[A],
    *,
    bounds: Bounds,
    attachment: bytes = b"",
    heard: Callable[[str], None] = lambda _doing: None,
) -> A | NoAnswer:
    """Have a process answer one question.

    However this ends, by an interrupt too, the process has ended before.

    Args:
        command: the program and its arguments, mostly by `command`.
        question: a record.
        answer: the class of the record that is expected.
        bounds: what the process may take.
        attachment: bytes that belong to the question; a file, for instance.
        heard: told what the worker is doing.

    Returns:
        The answer, or why there is none.
    """
    asked = {"question": to_data(question), "memory_bytes": bounds.memory_bytes, "parent": os.getpid()}
    text = json.dumps(asked).encode() + b"\n" + attachment
    with tempfile.TemporaryFile() as errors:
        try:
            # A session of its own: Ctrl-C comes to this process alone, which then ends the worker.
            child = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, start_new_session=True
            )
        except OSError as error:
            reason = f"no process could be started: {error.strerror}"
            return NoAnswer(failure=Failure(kind="crashed", reason=reason))
        with child:
            # In a thread: a worker that reads nothing must not hold up who waits for it.
            writer = Thread(target=_write, args=(child.stdin, text), daemon=True)
            writer.start()
            last: dict[str, Any] = {}
            silent = False
            try:
                for message in _messages(child.stdout, bounds.silence_seconds):
                    if "doing" in message:
                        heard(message["doing"])
                    else:
                        last = message
                child.wait(bounds.silence_seconds)
            except (TimeoutError, subprocess.TimeoutExpired):
                silent = True
            except _UnreadableError as error:
                last = {"failure": to_data(Failure(kind="crashed", reason=str(error)))}
            finally:
                child.kill()
                child.wait()
                writer.join()
            return _outcome(last, None if silent else child.returncode, _tail(errors), answer, bounds)


def _outcome(
    last: dict[str, Any], code: int | None, stderr: str, answer: type[A], bounds: Bounds
) -> A | NoAnswer:
    try:
        if "answer" in last:
            return from_data(answer, last["answer"], where="the worker's answer", error=_UnreadableError)
        if "failure" in last:
            failure = from_data(Failure, last["failure"], where="the worker's", error=_UnreadableError)
        elif code is None:
            failure = explain_silence(bounds.silence_seconds)
        else:
            failure = explain_end(code, stderr, memory_bytes=bounds.memory_bytes)
    except _UnreadableError as error:
        failure = Failure(kind="crashed", reason=str(error))
    return NoAnswer(failure=failure, code=code, stderr=stderr)


def _write(stream: IO[bytes] | None, text: bytes) -> None:
    if stream is not None:
        # A worker that died says more by its end.
        with contextlib.suppress(BrokenPipeError), contextlib.closing(stream):
            stream.write(text)


def _messages(stream: IO[bytes] | None, timeout_seconds: float) -> Iterator[dict[str, Any]]:
    pending = b""
    while stream is not None:
        if not select.select([stream], [], [], timeout_seconds)[0]:
            raise TimeoutError
        chunk = os.read(stream.fileno(), 1 << 20)
        if not chunk:
            return
        *lines, pending = (pending + chunk).split(b"\n")
        yield from map(_message, lines)


def _message(line: bytes) -> dict[str, Any]:
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict):
        raise _UnreadableError(f"expected messages of a worker, but got {line[:60]!r}")
    return message


def _tail(errors: IO[bytes]) -> str:
    errors.seek(max(0, errors.seek(0, os.SEEK_END) - 4000))
    return errors.read().decode(errors="replace")
