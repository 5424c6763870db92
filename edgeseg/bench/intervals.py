"""The 95 % interval of each figure of quality and of latency, by the bootstrap."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeseg.bench.measurement import Measurement
from edgeseg.bench.quality import ImageCounts, QualityResult
from edgeseg.metrics.bootstrap import Interval, draw_images, draw_samples, percentile_interval
from edgeseg.metrics.cells import CellCounts
from edgeseg.metrics.pixels import ConfusionCounts


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
    times = draw_images([image.source for image in quality.images])
    sums = times @ np.array([figure.parts(image) for image in quality.images], np.int64)
    return np.array([figure.figure(row) for row in sums.tolist()])


def quality_interval(quality: QualityResult, name: str) -> Interval | None:
    """The 95 % interval of one figure; None where all images are tiles of one, which tells no spread."""
    if len({image.source for image in quality.images}) < 2:
        return None
    return percentile_interval(quality_draws(quality, name))


def latency_draws(measurement: Measurement, *, seed: int = 0) -> npt.NDArray[np.float64]:
    """The median time of `invoke`, milliseconds, in each draw of rounds and samples, `(draws,)`."""
    rounds = [[lap.invoke_ns for lap in run.laps.counted] for run in measurement.runs]
    return draw_samples(rounds, lambda times: float(np.median(times)) / 1e6, seed=seed)
