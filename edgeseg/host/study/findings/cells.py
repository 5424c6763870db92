"""The cells of a study's table: every combination as every variant, with what it finds and what it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from edgeseg.bench.figure import Figure
from edgeseg.bench.figures import AGREEMENT, FILE_BYTES, GZIP_BYTES, MAD, P50, PEAK_MEMORY, RAW_BYTES
from edgeseg.errors import ResultError
from edgeseg.host.study.combination import Combination
from edgeseg.host.study.findings.difference import Difference, between_combinations, between_variants
from edgeseg.host.study.findings.results import File, StudyResults, mean_over, seed_means
from edgeseg.metrics.pixels import NAMES
from edgeseg.metrics.statistics import Interval, percentile_interval
from edgeseg.report.pareto import front

S = TypeVar("S")

#: The metric that cells are compared by, as `metrics.pixels.NAMES` calls it.
METRIC = "dice"

#: `metrics.pixels.NAMES` in the order in which a study shows them, as people read them.
TITLES = {
    "accuracy": "accuracy", METRIC: "F1", "iou": "Jaccard", "recall": "recall", "precision": "precision",
}  # fmt: skip

#: The step whose files the others are compared with.
BASE = "float32"


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A metric of a cell.

    Attributes:
        value: mean over the test images, and over seeds, 0 to 1.
        interval: 95 %, over source images; None where all test images are tiles of one.
        seeds: the greatest of the seeds less the least; None of a single one.
    """

    value: float
    interval: Interval | None
    seeds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What the files of a cell cost: medians over seeds (the architecture is the same).

    Attributes:
        file_bytes: as shipped.
        raw_bytes: of the model.
        gzip_bytes: of the model after gzip -9.
        p50_ms: the median of one inference.
        mad_ms: the median absolute deviation from it.
        peak_mb: most memory of the process, MB of 10^6; None where it could not be told.
        agreement: share of mask pixels as float32's, 0 to 1; None where there is no float32 file.
    """

    file_bytes: float
    raw_bytes: float
    gzip_bytes: float
    p50_ms: float
    mad_ms: float | None
    peak_mb: float | None
    agreement: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One combination as one variant.

    Attributes:
        combination: what the networks were trained with.
        step: that made the files: the variant, or the name of an alternative.
        files: one a seed.
        scores: by `metrics.pixels.NAMES`.
        costs: of the files.
        from_base: F1 less that of the float32 files of the same networks; None of those themselves.
        from_first: F1 less that of the first combination of the plan, as the same variant; None of that one.
        fronts: `bytes`, `time`: where no other cell is as good and as cheap.
    """

    combination: Combination
    step: str
    files: tuple[File, ...]
    scores: Mapping[str, Score]
    costs: Costs
    from_base: Difference | None
    from_first: Difference | None
    fronts: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """`bce+adam int8-ptq`."""
        return f"{self.combination.name} {self.step}"

    @property
    def f1(self) -> float:
        """What it finds, 0 to 1."""
        return self.scores[METRIC].value


def make_cells(results: StudyResults) -> tuple[Cell, ...]:
    """All cells of which there are files, in the order of the plan."""
    cells = [
        _cell(results, combination, step, files)
        for combination in results.plan.combinations
        for step in results.steps
        if (files := results.of(combination, step))
    ]
    return _with_fronts(cells)


def _cell(results: StudyResults, combination: Combination, step: str, files: Sequence[File]) -> Cell:
    return Cell(
        combination=combination,
        step=step,
        files=tuple(files),
        scores={metric: _score(results, files, metric) for metric in NAMES},
        costs=_costs(files),
        from_base=_from_base(results, files),
        from_first=_from_first(results, files),
    )


def _score(results: StudyResults, files: Sequence[File], metric: str) -> Score:
    means = seed_means(files, metric)
    return Score(
        value=float(np.mean(means)),
        interval=image_interval(results, files, metric),
        seeds=max(means) - min(means) if len(means) > 1 else None,
    )


def image_interval(results: StudyResults, files: Sequence[File], metric: str) -> Interval | None:
    """95 % of a metric over source images; None where all test images are tiles of one."""
    return percentile_interval(results.draws(mean_over(files, metric))) if results.sources > 1 else None


def _from_base(results: StudyResults, files: Sequence[File]) -> Difference | None:
    bases = {file.network: file for file in results.of(files[0].network.combination, BASE)}
    both = [(file, bases[file.network]) for file in files if file.network in bases]
    if not both or files[0].step == BASE:
        return None
    return between_variants(results, [pair[0] for pair in both], [pair[1] for pair in both], METRIC)


def _from_first(results: StudyResults, files: Sequence[File]) -> Difference | None:
    first = results.plan.combinations[0]
    others = results.of(first, files[0].step)
    if not others or files[0].network.combination == first:
        return None
    return between_combinations(results, files, others, METRIC)


def _costs(files: Sequence[File]) -> Costs:
    models = [file.model for file in files]
    measurements = [file.measurement for file in files]
    return Costs(
        file_bytes=_known_median(FILE_BYTES, models),
        raw_bytes=_known_median(RAW_BYTES, models),
        gzip_bytes=_known_median(GZIP_BYTES, models),
        p50_ms=_known_median(P50, measurements),
        mad_ms=_median(MAD, measurements),
        peak_mb=_median(PEAK_MEMORY, measurements),
        agreement=_median(AGREEMENT, [file.quality for file in files]),
    )


def _known_median(figure: Figure[S], sources: Sequence[S]) -> float:
    found = _median(figure, sources)
    if found is None:
        raise ResultError(f"no {figure.title} was measured of a file of the study; run the study again")
    return found


def _median(figure: Figure[S], sources: Sequence[S]) -> float | None:
    known = [value for each in sources if (value := figure.number(each)) is not None]
    return float(np.median(known)) if known else None


def _with_fronts(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    """Say of each cell where no other one is as good and as cheap."""
    cheap = front([(cell.costs.file_bytes, cell.f1) for cell in cells])
    fast = front([(cell.costs.p50_ms, cell.f1) for cell in cells])
    return tuple(
        replace(cell, fronts=("bytes",) * is_cheap + ("time",) * is_fast)
        for cell, is_cheap, is_fast in zip(cells, cheap, fast, strict=True)
    )
