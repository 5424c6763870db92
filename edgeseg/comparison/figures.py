"""The changes of one pair: of the file itself, of what it finds, and of its time and memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from edgeseg.bench.intervals import quality_draws
from edgeseg.bench.measurement import Measurement
from edgeseg.bench.quality import QualityResult
from edgeseg.bench.result import ModelResult
from edgeseg.comparison import change
from edgeseg.comparison.change import Change, Metric
from edgeseg.metrics.statistics import Interval, median_ratio_interval, percentile_interval


@dataclass(frozen=True, slots=True)
class Label:
    """What a pair is called in each row: see `Change`."""

    model: str
    runtime: str | None = None
    threads: str | None = None

    def row(self, metric: Metric, base: float, new: float, interval: Interval | None = None) -> Change:
        """A row of this pair."""
        return Change(
            model=self.model, runtime=self.runtime, threads=self.threads, metric=metric, base=base, new=new,
            interval=interval,
        )  # fmt: skip


def file_changes(label: Label, base: ModelResult, new: ModelResult) -> Iterator[Change]:
    """Bytes, multiply-accumulates and arena, where both are known."""
    mine, other = _file_figures(base), _file_figures(new)
    for metric in change.OF_THE_FILE:
        a, b = mine.get(metric.name), other.get(metric.name)
        if a and b:
            yield label.row(metric, a, b)


def _file_figures(model: ModelResult) -> dict[str, float | None]:
    audit, size = model.audit, model.size
    return {
        "bytes": size.raw_bytes if size else None,
        "gzip_bytes": size.gzip_bytes if size else None,
        "xz_bytes": size.xz_bytes if size else None,
        "macs": audit.macs if audit else None,
        "arena_bytes": audit.arena_bytes if audit else None,
    }


def quality_changes(
    label: Label, base: QualityResult, new: QualityResult, *, same_reference: bool
) -> Iterator[Change]:
    """What the two find; on the same images, the difference is taken in every draw of images.

    Args:
        label: of the pair.
        base: quality of the base.
        new: of the other.
        same_reference: whether masks of both were compared with those of one and the same file; if not,
            their agreements say nothing about one another.
    """
    for metric in change.QUALITY:
        a, b = figure(base, metric.name), figure(new, metric.name)
        if a is None or b is None or (metric.name == "agreement" and not same_reference):
            continue
        yield label.row(metric, a, b, _interval(base, new, metric.name))


def figure(quality: QualityResult, name: str) -> float | None:
    """One of the figures of `change.QUALITY`, pooled over the images; `None` where it has no meaning."""
    if name in ("dice", "iou"):
        return quality.pooled[name]
    if name == "cell_f1":
        return quality.cells.f1
    value: float | None = getattr(quality, name)
    return value


def same_images(base: QualityResult, new: QualityResult) -> bool:
    """Whether draws of the two belong together."""
    mine, other = ([(each.stem, each.source) for each in quality.images] for quality in (base, new))
    return mine == other


def _interval(base: QualityResult, new: QualityResult, name: str) -> Interval | None:
    if min(len({image.source for image in each.images}) for each in (base, new)) < 2:
        return None
    other = quality_draws(new, name)
    if not same_images(base, new):
        # Draws that have nothing to do with one another must not look as if they had.
        other = np.random.default_rng(1).permutation(other)
    return percentile_interval(other - quality_draws(base, name))


def speed_changes(label: Label, base: Measurement, new: Measurement) -> Iterator[Change]:
    """Median time of the network, and peak memory; both must have runs."""
    times = _value(base, "p50_ms"), _value(new, "p50_ms")
    yield label.row(
        change.LATENCY, *times, median_ratio_interval(new.rounds_ns, base.rounds_ns, times[1] / times[0])
    )
    yield label.row(change.MEMORY, _value(base, "peak_mb"), _value(new, "peak_mb"))


def _value(measurement: Measurement, name: str) -> float:
    return float(measurement.summary[name] or 0)
