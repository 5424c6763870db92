"""One figure of two model files: how it differs, and how sure that is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from edgeseg.bench.figure import Figure
from edgeseg.metrics.statistics import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One figure.

    Attributes:
        model: name of the file, or `BASE -> NEW` where the two are called otherwise.
        runtime: that it was measured in, `A -> B` likewise; `None` where it is the file's own.
        threads: likewise; `None` where it does not depend on them.
        figure: which.
        base: its value in the base.
        new: its value in the other.
        interval: 95 % of the change; `None` where it is exact or cannot be told.
    """

    model: str
    runtime: str | None = None
    threads: str | None = None
    figure: Figure[Any]
    base: float
    new: float
    interval: Interval | None = None

    @property
    def change(self) -> float:
        """New over base, or new less base."""
        return self.new / self.base if self.figure.ratio else self.new - self.base

    @property
    def neutral(self) -> float:
        """The change that is none."""
        return 1.0 if self.figure.ratio else 0.0

    @property
    def significant(self) -> bool | None:
        """Whether it is more than chance; `None` where nothing tells."""
        if self.figure.exact:
            return self.base != self.new
        if self.interval is None:
            return None
        low, high = self.interval
        return not low <= self.neutral <= high

    @property
    def verdict(self) -> str:
        """The change in words."""
        if self.significant is None:
            return "no interval"
        if not self.significant:
            return "the same" if self.figure.exact else "no significant difference"
        return "better" if (self.change > self.neutral) == self.figure.higher_is_better else "worse"

    @property
    def extent(self) -> float:
        """How much it is, comparable over figures: halved is as much as doubled, 0.05 of Dice as 5 %."""
        if self.figure.ratio:
            return abs(math.log(self.change))
        return abs(self.change) / (1 if self.figure.unit == "share" else max(self.base, self.new))

    @property
    def order(self) -> tuple[int, float]:
        """Sorts what changed most to the front, and what may be chance to the end."""
        return {True: 0, None: 1, False: 2}[self.significant], -self.extent

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data."""
        return {
            "model": self.model,
            "runtime": self.runtime,
            "threads": self.threads,
            "metric": self.figure.name,
            "unit": self.figure.unit,
            "kind": "ratio" if self.figure.ratio else "difference",
            "base": self.base,
            "new": self.new,
            "change": self.change,
            "interval": list(self.interval) if self.interval else None,
            "significant": self.significant,
            "verdict": self.verdict,
        }
