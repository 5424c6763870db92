"""The table of a study as rows of plain values by the names of columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from edgeseg.bench.figure import Column, Figure
from edgeseg.bench.figures import AGREEMENT, FILE_BYTES, GZIP_BYTES, MAD, P50, PEAK_MEMORY, RAW_BYTES
from edgeseg.bench.readers import Value
from edgeseg.host.study.findings.cells import TITLES, Cell
from edgeseg.host.study.findings.difference import Difference
from edgeseg.host.study.paper.table3 import table3


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """One cell of the grid as a row.

    Attributes:
        label: of the cell.
        values: by the names of `columns`.
    """

    label: str
    values: Mapping[str, Value | None]


def table_row(cell: Cell, *, beside_paper: bool) -> TableRow:
    """The row of a cell.

    Args:
        cell: one of the study's.
        beside_paper: whether the paper's values stand in it too.
    """
    values: dict[str, Value | None] = {
        "loss": cell.combination.loss,
        "optimizer": cell.combination.optimizer,
        "variant": cell.step,
        "seeds": len(cell.files),
    }
    for metric, score in cell.scores.items():
        low, high = score.interval or (None, None)
        values |= {
            metric: score.value,
            f"{metric}_low": low,
            f"{metric}_high": high,
            f"{metric}_seeds": score.seeds,
        }
    if beside_paper:
        printed = table3().get((cell.combination, cell.step), {})
        values |= {f"paper_{metric}": printed.get(metric) for metric in TITLES}
    values |= _difference("change", cell.from_base) | _difference("from_first", cell.from_first)
    values |= asdict(cell.costs) | {"front": ", ".join(cell.fronts)}
    return TableRow(label=cell.label, values=values)


def _difference(name: str, found: Difference | None) -> dict[str, Value | None]:
    low, high = (found and found.interval) or (None, None)
    return {name: found.value if found else None, f"{name}_low": low, f"{name}_high": high}


def columns(*, first: str, beside_paper: bool) -> tuple[Column, ...]:
    """All columns; bytes are shown as kB of 1000 bytes.

    Args:
        first: name of the first combination of the study.
        beside_paper: whether the paper's values have columns.
    """
    over_images = "95 % interval over source images"
    over_both = "95 % interval over source images and seeds"
    return (
        Column(name="loss", title="loss", about="trained with"),
        Column(name="optimizer", title="optimizer", about="trained with"),
        Column(name="variant", title="variant", about="what became of the network"),
        Column(name="seeds", title="seeds", about="trainings", digits=0, main=True),
        *_metric_columns(beside_paper=beside_paper),
        Column(name="change", title="F1 change", about="against float32 of the same networks", digits=4,
               signed=True, main=True),
        Column(name="change_low", title="change from", about=over_images, digits=4, signed=True),
        Column(name="change_high", title="change to", about=over_images, digits=4, signed=True),
        Column(name="from_first", title=f"F1 less {first}", about=f"against {first} as the same variant",
               digits=4, signed=True),
        Column(name="from_first_low", title=f"less {first} from", about=over_both, digits=4, signed=True),
        Column(name="from_first_high", title=f"less {first} to", about=over_both, digits=4, signed=True),
        _column(AGREEMENT, about="mask pixels as float32's"),
        _column(RAW_BYTES, title="kB"),
        _column(GZIP_BYTES),
        _column(FILE_BYTES, title="shipped kB", about="of the file as deployed; .xz where it is packed"),
        _column(P50, about="median of one inference, the median over seeds"),
        _column(MAD, main=False),
        _column(PEAK_MEMORY),
        Column(name="front", title="Pareto front", about="no other cell is as cheap and as good", main=True),
    )  # fmt: skip


def _column(figure: Figure[Any], *, title: str = "", about: str = "", main: bool = True) -> Column:
    """The column of a figure, with words of its own where they are needed here."""
    if figure.column is None:
        raise ValueError(f"{figure.name} is in no table")
    column = figure.column
    return replace(column, title=title or column.title, about=about or column.about, main=main)


def _metric_columns(*, beside_paper: bool) -> Iterator[Column]:
    for metric, title in TITLES.items():
        yield Column(
            name=metric, title=title, about="mean over the test images, and over seeds", digits=4, main=True
        )
        if beside_paper:
            yield Column(
                name=f"paper_{metric}", title="(paper)", about="Table 3 of the paper, other data", digits=4,
                main=True,
            )  # fmt: skip
        interval = "95 % interval over source images"
        yield Column(name=f"{metric}_low", title=f"{title} from", about=interval, digits=4)
        yield Column(name=f"{metric}_high", title=f"{title} to", about=interval, digits=4)
        yield Column(
            name=f"{metric}_seeds", title=f"{title} over seeds", about="greatest less least", digits=4
        )
