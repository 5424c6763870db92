"""The table of a study as CSV: every figure unrounded, for a spreadsheet or a script."""

from __future__ import annotations

import csv
import io

from edgeseg.host.study.report.reading import Reading
from edgeseg.host.study.report.rows import COLUMNS


def spreadsheet(reading: Reading) -> str:
    """The text: a line for every cell; bytes are bytes, shares are from 0 to 1."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([column.name for column in COLUMNS])
    for cell in reading.cells:
        writer.writerow([cell.values.get(column.name) for column in COLUMNS])
    return text.getvalue()
