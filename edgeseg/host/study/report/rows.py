"""Our Table 3: every cell of the grid as plain values by name, the paper's beside ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from edgeseg.bench.figure import Column, Figure
from edgeseg.bench.figures import (
    AGREEMENT,
    FILE_BYTES,
    GZIP_BYTES,
    MAD,
    P50,
    PEAK_MEMORY,
    RAW_BYTES,
)
from edgeseg.bench.readers import Value
from edgeseg.host.study.combination import Combination
from edgeseg.host.study.report.difference import between_variants
from edgeseg.host.study.report.paper import paper_table
from edgeseg.host.study.report.results import File, StudyResults, mean_over, seed_means
from edgeseg.metrics.pixels import NAMES
from edgeseg.metrics.statistics import percentile_interval
from edgeseg.report.pareto import front

#: `metrics.NAMES` as the paper calls them, in its order.
TITLES = {
    "accuracy": "accuracy", "dice": "F1", "iou": "Jaccard", "recall": "recall", "precision": "precision",
}  # fmt: skip

_SIZES = (FILE_BYTES, RAW_BYTES, GZIP_BYTES)
_RUNS = (P50, MAD, PEAK_MEMORY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One combination as one variant.

    Attributes:
        combination: what the networks were trained with.
        what: the variant, or the name of an alternative.
        files: one a seed.
        values: by the names of `COLUMNS`.
    """

    combination: Combination
    what: str
    files: tuple[File, ...]
    values: Mapping[str, Value | None]

    @property
    def label(self) -> str:
        """`bce+adam int8-ptq`."""
        return f"{self.combination.name} {self.what}"

    def number(self, name: str) -> float:
        """One of the values that are numbers and always there."""
        value = self.values[name]
        if not isinstance(value, int | float):
            raise TypeError(f"{name} of {self.label} is {value!r}, which is no number")
        return value


def make_cells(results: StudyResults) -> tuple[Cell, ...]:
    """All cells of which there are files, in the order of the plan."""
    cells = [
        _cell(results, combination, what, files)
        for combination in results.plan.combinations
        for what in results.columns
        if (files := results.of(combination, what))
    ]
    return _with_fronts(cells)


def _cell(results: StudyResults, combination: Combination, what: str, files: Sequence[File]) -> Cell:
    values: dict[str, Value | None] = {
        "loss": combination.loss,
        "optimizer": combination.optimizer,
        "variant": what,
        "seeds": len(files),
    }
    printed = paper_table().get((combination, what), {})
    for metric in NAMES:
        means = seed_means(files, metric)
        values |= {metric: float(np.mean(means)), f"paper_{metric}": printed.get(metric)}
        values[f"{metric}_seeds"] = max(means) - min(means) if len(means) > 1 else None
        low, high = (
            percentile_interval(results.draws(mean_over(files, metric)))
            if results.sources > 1
            else (None, None)
        )
        values |= {f"{metric}_low": low, f"{metric}_high": high}
    return Cell(
        combination=combination, what=what, files=tuple(files),
        values=values | _change(results, files) | _costs(files),
    )  # fmt: skip


def _change(results: StudyResults, files: Sequence[File]) -> dict[str, Value | None]:
    """F1 against the float32 files of the same networks."""
    bases = {file.seed: file for file in results.of(files[0].combination, "float32")}
    both = [(file, bases[file.seed]) for file in files if file.seed in bases]
    if not both or files[0].what == "float32":
        return {}
    change = between_variants(results, [pair[0] for pair in both], [pair[1] for pair in both], "dice")
    low, high = change.interval or (None, None)
    return {"change": change.value, "change_low": low, "change_high": high}


def _costs(files: Sequence[File]) -> dict[str, Value | None]:
    """What the files cost; over seeds, the medians (the architecture is the same)."""
    found: dict[str, list[float | None]] = {
        **{figure.key: [figure.number(file.model) for file in files] for figure in _SIZES},
        **{figure.key: [figure.number(file.measurement) for file in files] for figure in _RUNS},
        AGREEMENT.key: [AGREEMENT.number(file.quality) for file in files],
    }
    return {key: _median(values) for key, values in found.items()}


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else None


def _with_fronts(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    """Say of each cell where no other one is as good and as cheap."""
    found: list[list[str]] = [[] for _ in cells]
    for name, cost in (("bytes", FILE_BYTES.key), ("time", P50.key)):
        points = [(cell.number(cost), cell.number("dice")) for cell in cells]
        for number, best in enumerate(front(points)):
            found[number] += [name] * best
    return tuple(
        replace(cell, values={**cell.values, "front": ", ".join(fronts)})
        for cell, fronts in zip(cells, found, strict=True)
    )


def _metric_columns() -> list[Column]:
    columns = []
    for metric, title in TITLES.items():
        columns += [
            Column(name=metric, title=title, about="mean over the test images, and over seeds", digits=4,
                   main=True),
            Column(name=f"paper_{metric}", title="(paper)", about="Table 3 of the paper, other data",
                   digits=4, main=True),
            Column(name=f"{metric}_low", title=f"{title} from", about="95 % interval over source images",
                   digits=4),
            Column(name=f"{metric}_high", title=f"{title} to", about="95 % interval over source images",
                   digits=4),
            Column(name=f"{metric}_seeds", title=f"{title} over seeds", about="greatest less least",
                   digits=4),
        ]  # fmt: skip
    return columns


def _column(figure: Figure[Any], *, title: str = "", about: str = "", main: bool = True) -> Column:
    """The column of a figure, with words of its own where they are needed here."""
    if figure.column is None:
        raise ValueError(f"{figure.name} is in no table")
    column = figure.column
    return replace(column, title=title or column.title, about=about or column.about, main=main)


#: Bytes are shown as kB of 1000 bytes.
COLUMNS = (
    Column(name="loss", title="loss", about="trained with"),
    Column(name="optimizer", title="optimizer", about="trained with"),
    Column(name="variant", title="variant", about="what became of the network"),
    Column(name="seeds", title="seeds", about="trainings", digits=0, main=True),
    *_metric_columns(),
    Column(name="change", title="F1 change", about="against float32 of the same networks", digits=4,
           signed=True, main=True),
    Column(name="change_low", title="change from", about="95 % interval over source images", digits=4,
           signed=True),
    Column(name="change_high", title="change to", about="95 % interval over source images", digits=4,
           signed=True),
    _column(AGREEMENT, about="mask pixels as float32's"),
    _column(RAW_BYTES, title="kB"),
    _column(GZIP_BYTES),
    _column(FILE_BYTES, title="shipped kB", about="of the file as deployed; .xz where it is packed"),
    _column(P50, about="median of one inference, the median over seeds"),
    _column(MAD, main=False),
    _column(PEAK_MEMORY),
    Column(name="front", title="Pareto front", about="no other cell is as cheap and as good", main=True),
)  # fmt: skip
