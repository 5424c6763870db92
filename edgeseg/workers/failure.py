"""Why a process did not do what it was asked, in a sentence."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import Literal

FailureKind = Literal["refused", "crashed", "hung", "memory"]

#: What programs print when memory runs out.
_MEMORY_SIGNS = ("bad_alloc", "cannot allocate memory", "out of memory", "memoryerror")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why work in a process of its own was not done.

    Attributes:
        kind: `refused` (bad input, a file that the runtime rejects), `crashed`, `hung` or `memory`.
        reason: a sentence.
    """

    kind: FailureKind
    reason: str


def explain_silence(seconds: float) -> Failure:
    """The failure of a process that gave no sign of life for so long and was ended."""
    return Failure(kind="hung", reason=f"no answer within {seconds:g} s; the process was ended")


def explain_memory(detail: str, *, memory_bytes: int | None) -> Failure:
    """The failure of a process that was refused memory.

    Args:
        detail: what it said of it, or nothing.
        memory_bytes: that it was allowed; `None`: without a limit.
    """
    tail = f": {detail}" if detail else ""
    return Failure(kind="memory", reason=f"ran out of memory{_allowed(memory_bytes)}{tail}")


def explain_end(code: int, stderr: str, *, memory_bytes: int | None = None) -> Failure:
    """The failure of a process that ended without an answer.

    Args:
        code: its exit code, negative for a signal (that was not sent by who asks).
        stderr: what it printed there.
        memory_bytes: that it was allowed; `None`: without a limit.
    """
    limit = _allowed(memory_bytes)
    if any(sign in stderr.lower() for sign in _MEMORY_SIGNS):
        return explain_memory(last_line(stderr), memory_bytes=memory_bytes)
    if code == -signal.SIGKILL:
        # The kernel does it when memory runs out.
        return explain_memory("the system killed it by SIGKILL", memory_bytes=memory_bytes)
    if code < 0:
        return Failure(kind="crashed", reason=f"killed by {signal_name(-code)}{limit}")
    return Failure(kind="crashed", reason=f"the process ended with code {code}{limit}: {last_line(stderr)}")


def last_line(stderr: str) -> str:
    """The last line that a process printed, of which most say what is wrong."""
    return (stderr.strip().splitlines() or ["it printed nothing"])[-1][:300]


def signal_name(number: int) -> str:
    """`SIGSEGV`, or `signal 77` where it has no name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _allowed(memory_bytes: int | None) -> str:
    return "" if memory_bytes is None else f" with {memory_bytes / 1e6:.0f} MB allowed"
