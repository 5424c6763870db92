"""How figures are read from what was measured, and how sure they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from edgeseg.bench.latency import percentile
from edgeseg.bench.measurement import Measurement
from edgeseg.bench.quality import ImageCounts, QualityResult
from edgeseg.metrics.statistics import (
    Floats,
    Interval,
    draw_pooled,
    median_ratio_interval,
    percentile_interval,
)

#: A number, the kinds of operators by name, or words.
Value = float | tuple[str, ...] | str

Source = TypeVar("Source")
Source_contra = TypeVar("Source_contra", contravariant=True)


class Reader(Protocol[Source_contra]):
    """What a figure asks for."""

    @property
    def exact(self) -> bool:
        """Whether the value is the same every time for one file."""

    def read(self, source: Source_contra, /) -> Value | None:
        """The value; `None` where it was not measured or has no meaning."""

    def interval(self, source: Source_contra, /) -> Interval | None:
        """Its 95 % interval; `None` where nothing tells."""

    def change_interval(self, base: Source_contra, new: Source_contra, /) -> Interval | None:
        """That of its change; `None` where nothing tells."""


@dataclass(frozen=True, slots=True)
class Plain(Generic[Source]):
    """A value without an interval.

    Attributes:
        value: how it is read.
        exact: whether it is the same every time for one file.
    """

    value: Callable[[Source], Value | None]
    exact: bool = False

    def read(self, source: Source) -> Value | None:
        """The value."""
        return self.value(source)

    def interval(self, _source: Source) -> Interval | None:
        """None: nothing tells."""
        return None

    def change_interval(self, _base: Source, _new: Source) -> Interval | None:
        """None: nothing tells."""
        return None


@dataclass(frozen=True, slots=True)
class MedianTime:
    """The median time of one inference in milliseconds, over all processes."""

    exact: bool = False

    def read(self, source: Measurement) -> float | None:
        """Nearest rank: a time that was measured; `None` where none was."""
        return percentile(source.invoke_ns, 50) / 1e6 if source.runs else None

    def interval(self, _source: Measurement) -> Interval | None:
        """None: only ratios of two files' times are told with one."""
        return None

    def change_interval(self, base: Measurement, new: Measurement) -> Interval | None:
        """Of new over base; `None` where either was measured in one process."""
        mine, other = self.read(base), self.read(new)
        if not mine or other is None:
            return None
        return median_ratio_interval(new.rounds_ns, base.rounds_ns, other / mine)


@dataclass(frozen=True, slots=True)
class Pooled:
    """A figure of all images together: what each image adds to some sums, and the figure of the sums.

    Attributes:
        parts: what an image adds, always as many numbers.
        pooled: the figure of the sums; `None` where it has no meaning.
        known: whether an image tells its parts; where one does not, there is no figure.
    """

    parts: Callable[[ImageCounts], Sequence[float]]
    pooled: Callable[[Sequence[Any]], float | None]
    known: Callable[[ImageCounts], bool] = lambda _image: True
    exact: bool = False

    def read(self, source: QualityResult) -> float | None:
        """The figure of all images."""
        if not all(map(self.known, source.images)):
            return None
        return self.pooled([sum(column) for column in zip(*map(self.parts, source.images), strict=True)])

    def draws(self, source: QualityResult) -> Floats:
        """The figure in each draw of source images, `(draws,)`; all images must tell their parts.

        Two results on the same images give draws that belong together: their difference, draw by draw, is
        that of the files on the same images.
        """
        parts, sources = list(map(self.parts, source.images)), [image.source for image in source.images]
        return draw_pooled(parts, sources, lambda sums: self.pooled(sums) or 0.0)

    def interval(self, source: QualityResult) -> Interval | None:
        """Over source images; `None` where all images are tiles of one, which tells no spread."""
        if source.sources < 2 or self.read(source) is None:
            return None
        return percentile_interval(self.draws(source))

    def change_interval(self, base: QualityResult, new: QualityResult) -> Interval | None:
        """Of new less base; on the same images, the difference is taken in every draw of them."""
        if min(base.sources, new.sources) < 2 or self.read(base) is None or self.read(new) is None:
            return None
        other = self.draws(new)
        if not new.has_images_of(base):
            # Draws that have nothing to do with one another must not look as if they had.
            other = np.random.default_rng(1).permutation(other)
        return percentile_interval(other - self.draws(base))
