"""The 95 % interval of each figure of quality, by the bootstrap."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeseg.bench.quality import ImageCounts, QualityResult
from edgeseg.metrics.cells import CellCounts
from edgeseg.metrics.pixels import ConfusionCounts
from edgeseg.metrics.statistics import Interval, draw_pooled, percentile_interval


@dataclass(frozen=True, slots=True)
class _Figure:
    """A figure as a ratio of sums over images: what each image adds, and the figure of the sums."""

    parts: Callable[[ImageCounts], Sequence[int]]
    figure: Callable[[Sequence[int]], float]


def _pixels(image: ImageCounts) -> Sequence[int]:
    return image.counts.tp, image.counts.fp, image.counts.fn, image.counts.tn


def _cells(image: ImageCounts) -> Sequence[int]:
    return image.cells.true, image.cells.found, image.cells.matched


def _share(sums: Sequence[int]) -> float:
    return sums[0] / sums[1] if sums[1] else 0.0


_FIGURES = {
    "dice": _Figure(_pixels, lambda sums: ConfusionCounts(*sums).dice),
    "iou": _Figure(_pixels, lambda sums: ConfusionCounts(*sums).iou),
    "cell_precision": _Figure(_cells, lambda sums: CellCounts(*sums).precision),
    "cell_recall": _Figure(_cells, lambda sums: CellCounts(*sums).recall),
    "cell_f1": _Figure(_cells, lambda sums: CellCounts(*sums).f1),
    "count_error": _Figure(
        lambda image: (abs(image.cells.found - image.cells.true), image.cells.true), _share
    ),
    "area_error": _Figure(
        lambda image: (abs(image.counts.fp - image.counts.fn), image.counts.tp + image.counts.fn), _share
    ),
    "agreement": _Figure(lambda image: (image.pixels - (image.differing or 0), image.pixels), _share),
}

#: The figures of quality that have an interval; all are pooled over the images.
QUALITY_FIGURES = tuple(_FIGURES)


def quality_draws(quality: QualityResult, name: str) -> npt.NDArray[np.float64]:
    """The figure `name` (one of `QUALITY_FIGURES`) in each draw of the images, `(draws,)`.

    Two results on the same images give draws that belong together: their difference, draw by draw, is
    that of the files on the same images.
    """
    figure = _FIGURES[name]
    sources = [image.source for image in quality.images]
    return draw_pooled([figure.parts(image) for image in quality.images], sources, figure.figure)


def quality_interval(quality: QualityResult, name: str) -> Interval | None:
    """The 95 % interval of one figure; None where all images are tiles of one, which tells no spread."""
    if len({image.source for image in quality.images}) < 2:
        return None
    return percentile_interval(quality_draws(quality, name))
