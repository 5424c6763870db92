"""The table of a study as CSV: every figure unrounded, for a spreadsheet or a script."""

from __future__ import annotations

from edgeseg.files import csv_text
from edgeseg.host.study.report.reading import Reading
from edgeseg.host.study.report.rows import COLUMNS


def spreadsheet(reading: Reading) -> str:
    """The text: a line for every cell; bytes are bytes, shares are from 0 to 1."""
    names = [column.name for column in COLUMNS]
    return csv_text([names, *([cell.values.get(name) for name in names] for cell in reading.cells)])
