"""The report's rows as CSV: every figure unrounded, for a spreadsheet or a script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edgeseg.files import csv_text
from edgeseg.report.columns import COLUMNS
from edgeseg.report.section import Section

_FIRST = ("result", "data", "split", "board", "processor")


def spreadsheet(sections: Sequence[Section]) -> str:
    """The text: a line for every row of every result; bytes are bytes, shares are from 0 to 1."""
    return csv_text([(*_FIRST, "model", *(column.name for column in COLUMNS)), *_rows(sections)])


def _rows(sections: Sequence[Section]) -> Iterator[Sequence[object]]:
    for section in sections:
        machine, used = section.result.machine, section.result.dataset
        data = (used.name, used.split) if used else (None, None)
        place = (section.name, *data, machine.board, machine.cpu)
        for row in section.rows:
            yield (*place, row.model.name, *(row.values.get(column.name) for column in COLUMNS))
