"""One line of what `edgeseg doctor` found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "note", "missing", "broken"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was tried.

    Attributes:
        topic: what it is for.
        state: `ok`, `note` (it works, and something is to be known), `missing` (an optional part) or
            `broken` (a part that the edge side needs).
        detail: what was found, or what to do.
    """

    topic: str
    state: State
    detail: str
