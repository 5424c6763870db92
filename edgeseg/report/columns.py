"""The columns of the table of rows: what a row is, every figure, and how sure it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from edgeseg.bench.figure import NOTHING, Column, Figure
from edgeseg.bench.figures import DICE, FIGURES
from edgeseg.report.rows import Row

_INTERVAL = "95 % interval over source images"

_LABELS = (
    Column(name="variant", title="variant", about="what the sidecar says the file is", main=True),
    Column(name="runtime", title="runtime", about="what ran it", main=True),
    Column(name="threads", title="threads", about="of the interpreter", digits=0, main=True),
    Column(name="state", title="state", about="whether it could be measured"),
    Column(name="front", title="Pareto front", about="no other file is as cheap and as good", main=True),
)

#: Dice alone is compared: it decides which files are accepted.
_CHANGE = (
    ("dice_change", "Dice change", "against the reference, on the same images"),
    ("dice_change_low", "change from", "95 % interval of the change"),
    ("dice_change_high", "change to", "95 % interval of the change"),
)


def interval_columns(column: Column, name: str, about: str = _INTERVAL) -> tuple[Column, Column]:
    """Two columns for the interval of a figure's value: `NAME_low`, `NAME_high`."""
    low = replace(column, name=f"{name}_low", title=f"{column.title} from", about=about, main=False)
    return low, replace(low, name=f"{name}_high", title=f"{column.title} to")


def _columns(figure: Figure[Any]) -> Iterator[Column]:
    if figure.column is None:
        return
    yield figure.column
    if figure.with_interval:
        yield from interval_columns(figure.column, figure.name)
    if figure is DICE:
        for name, title, about in _CHANGE:
            yield Column(name=name, title=title, about=about, digits=4, signed=True, main=True)


#: Bytes are shown as kB of 1000 bytes and MB of 10^6; shares as they are, agreement in per cent.
COLUMNS = (*_LABELS, *(column for figure in FIGURES for column in _columns(figure)))

BY_NAME = {column.name: column for column in COLUMNS}


def used_columns(rows: Sequence[Row]) -> list[Column]:
    """The columns that say something about some row; `variant` does not where the labels are variants."""
    said = {"variant"} if all(row.label == row.values["variant"] for row in rows) else set()
    return [
        column
        for column in COLUMNS
        if column.name not in said and any(column.text(row) != NOTHING for row in rows)
    ]
