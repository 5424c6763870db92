"""How long work reports where it stands: the library calls, the command line shows."""

from __future__ import annotations

from collections.abc import Callable

#: Called with (steps done, steps in all, what is being done or the latest figures).
Progress = Callable[[int, int, str], None]


def silent(_done: int, _total: int, _note: str) -> None:
    """Report to nobody."""
