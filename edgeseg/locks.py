"""Keeping two processes out of one folder. A lock ends with its process, however that ends.

The lock is the system's own on an open file or folder (`flock`, the one that version 0.1 took too), so
nothing has to be cleaned up after a crash. Where a file system knows no locks, work goes on without one.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from edgeseg import files
from edgeseg.errors import OutputError


@contextlib.contextmanager
def locked(place: Path, *, taken: str) -> Iterator[None]:
    """Hold the lock of a file or a folder while the block runs.

    Args:
        place: a folder that exists, which needs no right to write, or a file, which is made where needed and
            stays: removing it would let two processes lock two files of one name.
        taken: the sentence where another process holds it.

    Raises:
        OutputError: another process holds it, or the file cannot be made.
    """
    from filelock import lock_descriptor

    try:
        descriptor = _open(place)
    except OSError as error:
        raise files.output_error(place, error) from error
    try:
        got = True
        with contextlib.suppress(OSError):  # a file system without locks
            got = lock_descriptor(descriptor, blocking=False)
        if not got:
            raise OutputError(taken)
        yield
    finally:
        os.close(descriptor)


def is_locked(place: Path) -> bool:
    """Whether a process of this machine holds the lock now; False too where that cannot be told."""
    from filelock import lock_descriptor

    try:
        descriptor = os.open(place, os.O_RDONLY)
    except OSError:
        return False
    try:
        return not lock_descriptor(descriptor, blocking=False)
    except OSError:
        return False
    finally:
        os.close(descriptor)


def _open(place: Path) -> int:
    if place.is_dir():
        return os.open(place, os.O_RDONLY)
    place.parent.mkdir(parents=True, exist_ok=True)
    return os.open(place, os.O_RDWR | os.O_CREAT, 0o666)  # to write: network file systems lock no other
