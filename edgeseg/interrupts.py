"""Ctrl-C that is noticed where the work can stop, and nowhere else."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def heard_interrupts() -> Iterator[threading.Event]:
    """Remember the first Ctrl-C; the second one raises `KeyboardInterrupt` at once.

    Raised wherever Python just is, it is lost: in a finalizer, while TensorFlow traces a function (a
    SystemError), or inside a lock (`RuntimeError: release unlocked lock`). One that comes just before a
    wait without an end does not end that wait either: wait in short turns, and look.

    Yields:
        Set by the first Ctrl-C. It never is outside the main thread, where no signal arrives, nor where a
        shell that started the program in the background lets it ignore Ctrl-C.
    """
    heard = threading.Event()
    ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    if ignored or threading.current_thread() is not threading.main_thread():
        yield heard
        return

    def hear(_number: int, _frame: Any) -> None:
        if heard.is_set():
            raise KeyboardInterrupt
        heard.set()

    before = signal.signal(signal.SIGINT, hear)
    try:
        yield heard
    finally:
        signal.signal(signal.SIGINT, before)
