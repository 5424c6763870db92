"""Why a child process did not do what it was asked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a model could not be measured.

    Attributes:
        kind: `refused` (bad input, a file that the runtime rejects), `crashed`, `hung` or `memory`.
        reason: a sentence.
    """

    kind: str
    reason: str
