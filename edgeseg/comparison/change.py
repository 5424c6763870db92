"""One figure of two model files: how it differs, and how sure that is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from edgeseg.metrics.statistics import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """Something that is compared.

    Attributes:
        name: in JSON.
        title: in tables.
        unit: `bytes`, `count`, `ms`, `MB` (10^6 bytes) or `share` (0 to 1).
        ratio: whether it changes by a factor (new over base), and not by a difference (new less base).
        exact: whether it is the same every time for one file, so that any change is one.
        higher_is_better: `True` for what is found, `False` for what it costs.
    """

    name: str
    title: str
    unit: str
    ratio: bool = False
    exact: bool = False
    higher_is_better: bool = False

    @property
    def neutral(self) -> float:
        """The change that is none."""
        return 1.0 if self.ratio else 0.0

    def change(self, base: float, new: float) -> float:
        """From base to new."""
        return new / base if self.ratio else new - base


#: The same every time, from the file alone.
OF_THE_FILE = (
    Metric(name="bytes", title="bytes", unit="bytes", ratio=True, exact=True),
    Metric(name="gzip_bytes", title="gzip bytes", unit="bytes", ratio=True, exact=True),
    Metric(name="xz_bytes", title="xz bytes", unit="bytes", ratio=True, exact=True),
    Metric(name="macs", title="MACs", unit="count", ratio=True, exact=True),
    Metric(name="arena_bytes", title="arena bytes", unit="bytes", ratio=True, exact=True),
)
LATENCY = Metric(name="p50_ms", title="p50 ms", unit="ms", ratio=True)
MEMORY = Metric(name="peak_mb", title="peak MB", unit="MB")
#: Named as in `bench.intervals.QUALITY_FIGURES`.
QUALITY = (
    Metric(name="dice", title="Dice", unit="share", higher_is_better=True),
    Metric(name="iou", title="IoU", unit="share", higher_is_better=True),
    Metric(name="cell_f1", title="cell F1", unit="share", higher_is_better=True),
    Metric(name="count_error", title="count error", unit="share"),
    Metric(name="area_error", title="area error", unit="share"),
    Metric(name="agreement", title="agreement", unit="share", higher_is_better=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One figure.

    Attributes:
        model: name of the file, or `BASE -> NEW` where the two are called otherwise.
        runtime: that it was measured in, `A -> B` likewise; `None` where it is the file's own.
        threads: likewise; `None` where it does not depend on them.
        metric: which figure.
        base: its value in the base.
        new: its value in the other.
        interval: 95 % of the change; `None` where it is exact or cannot be told.
    """

    model: str
    runtime: str | None = None
    threads: str | None = None
    metric: Metric
    base: float
    new: float
    interval: Interval | None = None

    @property
    def change(self) -> float:
        """New over base, or new less base."""
        return self.metric.change(self.base, self.new)

    @property
    def significant(self) -> bool | None:
        """Whether it is more than chance; `None` where nothing tells."""
        if self.metric.exact:
            return self.base != self.new
        if self.interval is None:
            return None
        low, high = self.interval
        return not low <= self.metric.neutral <= high

    @property
    def verdict(self) -> str:
        """The change in words."""
        if self.significant is None:
            return "no interval"
        if not self.significant:
            return "the same" if self.metric.exact else "no significant difference"
        return "better" if (self.change > self.metric.neutral) == self.metric.higher_is_better else "worse"

    @property
    def extent(self) -> float:
        """How much it is, comparable over metrics: halved is as much as doubled, 0.05 of Dice as 5 %."""
        if self.metric.ratio:
            return abs(math.log(self.change))
        return abs(self.change) / (1 if self.metric.unit == "share" else max(self.base, self.new))

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
            "metric": self.metric.name,
            "unit": self.metric.unit,
            "kind": "ratio" if self.metric.ratio else "difference",
            "base": self.base,
            "new": self.new,
            "change": self.change,
            "interval": list(self.interval) if self.interval else None,
            "significant": self.significant,
            "verdict": self.verdict,
        }
