"""One line of what `edgeseg doctor` found."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


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
    state: str
    detail: str

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data."""
        return asdict(self)
