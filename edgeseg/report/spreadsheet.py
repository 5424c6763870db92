"""The report's rows as CSV: every figure unrounded, for a spreadsheet or a script."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from edgeseg.report.columns import COLUMNS
from edgeseg.report.section import Section

_FIRST = ("result", "data", "split", "board", "processor")


def spreadsheet(sections: Sequence[Section]) -> str:
    """The text: a line for every row of every result; bytes are bytes, shares are from 0 to 1."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_FIRST, "model", *(column.name for column in COLUMNS)])
    for section in sections:
        machine, used = section.result.machine, section.result.dataset
        data = (used.name, used.split) if used else (None, None)
        place = (section.name, *data, machine.board, machine.cpu)
        for row in section.rows:
            writer.writerow([*place, row.model.name, *(row.values.get(column.name) for column in COLUMNS)])
    return text.getvalue()
