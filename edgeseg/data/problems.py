"""What can be wrong with a data set: each kind has a stable code and a severity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

#: Each code, whether it keeps the data set from being used (`error`) or deserves a look (`warning`).
SEVERITIES: Mapping[str, str] = MappingProxyType(
    {
        "missing-folder": "error",
        "no-images": "error",
        "stem-twice": "error",
        "missing-mask": "error",
        "missing-label": "error",
        "missing-image": "error",
        "unreadable-image": "error",
        "unreadable-mask": "error",
        "unreadable-label": "error",
        "size-mismatch": "error",
        "colour-mask": "error",
        "mask-values": "error",
        "labels-are-masks": "error",
        "unreadable-splits": "error",
        "unknown-stem": "error",
        "unknown-split": "error",
        "listed-twice": "error",
        "source-across-splits": "error",
        "duplicate-across-splits": "error",
        "duplicate-in-split": "warning",
        "not-listed": "warning",
        "empty-split": "warning",
        "empty-mask": "warning",
        "full-mask": "warning",
        "mask-disagrees": "warning",
        "cell-in-pieces": "warning",
        "speck": "warning",
        "blank-image": "warning",
        "several-pages": "warning",
        "not-an-image": "warning",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        severity: `error` or `warning`.
        code: a key of `SEVERITIES`; stays the same from version to version.
        files: the files concerned, relative to the data set's folder.
        message: one sentence.
    """

    severity: str
    code: str
    files: tuple[str, ...]
    message: str

    @classmethod
    def of(cls, code: str, message: str, files: Iterable[str]) -> Problem:
        """A problem with the severity of its code."""
        return cls(severity=SEVERITIES[code], code=code, files=tuple(files), message=message)

    def order(self) -> tuple[str, int, tuple[str, ...]]:
        """Sorting key: errors first, then in the order of `SEVERITIES`, then by file."""
        return self.severity, list(SEVERITIES).index(self.code), self.files
