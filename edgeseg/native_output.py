"""Collecting what native libraries write to standard error, which Python's sys.stderr cannot see."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator


@contextlib.contextmanager
def captured_stderr(kept: list[str]) -> Iterator[None]:
    """Send file descriptor 2 to a temporary file during the block.

    For short blocks only: everything that the process writes there meanwhile is kept too.

    Args:
        kept: gets the text, one item, when the block ends.
    """
    sys.stderr.flush()
    with tempfile.TemporaryFile() as sink:
        saved = os.dup(2)
        os.dup2(sink.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            sink.seek(0)
            kept.append(sink.read().decode(errors="replace"))
