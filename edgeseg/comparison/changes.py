"""The changes of one pair: of the file itself, of what it finds, and of its time and memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from edgeseg.bench.figure import Figure
from edgeseg.bench.figures import AGREEMENT, OF_FILE, OF_QUALITY, OF_RUNS
from edgeseg.bench.measurement import Measurement
from edgeseg.bench.quality import QualityResult
from edgeseg.bench.result import ModelResult
from edgeseg.comparison.change import Change

Source = TypeVar("Source")


@dataclass(frozen=True, slots=True)
class Label:
    """What a pair is called in each row: see `Change`."""

    model: str
    runtime: str | None = None
    threads: str | None = None


def change_of(label: Label, figure: Figure[Source], base: Source, new: Source) -> Change | None:
    """How one figure differs; `None` where one of the two lacks it."""
    a, b = figure.number(base), figure.number(new)
    if a is None or b is None or (figure.ratio and not (a and b)):
        return None
    return Change(
        model=label.model, runtime=label.runtime, threads=label.threads, figure=figure, base=a, new=b,
        interval=figure.change_interval(base, new),
    )  # fmt: skip


def _changes(label: Label, figures: Iterable[Figure[Source]], base: Source, new: Source) -> Iterator[Change]:
    for figure in figures:
        if figure.compared and (change := change_of(label, figure, base, new)):
            yield change


def file_changes(label: Label, base: ModelResult, new: ModelResult) -> Iterator[Change]:
    """Bytes, multiply-accumulates and arena, where both are known."""
    return _changes(label, OF_FILE, base, new)


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
    figures = [figure for figure in OF_QUALITY if same_reference or figure is not AGREEMENT]
    return _changes(label, figures, base, new)


def run_changes(label: Label, base: Measurement, new: Measurement) -> Iterator[Change]:
    """Median time of the network, and peak memory."""
    return _changes(label, OF_RUNS, base, new)
