"""Memory of this process: how much it takes, and a limit on how much it may take.

`/proc/self/status` is read and not `getrusage`: the latter's maximum is inherited from the process
that started this one, so that a large parent would be billed to a small model.
"""

from __future__ import annotations

import contextlib
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

MB = 1_000_000

_STATUS = Path("/proc/self/status")


def _status_bytes(field: str) -> int | None:
    if not _STATUS.exists():
        return None
    for line in _STATUS.read_text().splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return int(value.split()[0]) * 1024
    return None


def peak_bytes() -> int:
    """The most resident memory that this process has had, bytes."""
    measured = _status_bytes("VmHWM")
    if measured is not None:
        return measured
    # Not Linux. macOS counts bytes where Linux counts KiB.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


@contextlib.contextmanager
def limited(limit_bytes: int | None, *, threads: int) -> Iterator[None]:
    """Let this process take no more than `limit_bytes` of memory inside the block.

    What it holds already counts as its resident share; the rest is the room that is left for
    allocations (RLIMIT_DATA: private writable memory, so mapped libraries are not counted twice).
    Each further thread is allowed its stack on top, which is reserved but hardly ever touched:
    refused, the runtime would go on with fewer threads and say nothing.

    Args:
        limit_bytes: the limit; `None` sets none.
        threads: that the runtime will start.

    Raises:
        MemoryError: the process holds more than the limit already, or an allocation is refused.
    """
    if limit_bytes is None:
        yield
        return
    held, mapped = _status_bytes("VmRSS") or 0, _status_bytes("VmData") or 0
    if held >= limit_bytes:
        raise MemoryError(f"Python and the runtime alone take {held / MB:.0f} MB")
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    allowed = mapped + limit_bytes - held + (threads - 1) * _stack_bytes()
    resource.setrlimit(resource.RLIMIT_DATA, (allowed, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _stack_bytes() -> int:
    size = resource.getrlimit(resource.RLIMIT_STACK)[0]
    return size if size != resource.RLIM_INFINITY else 8 * 1024 * 1024
