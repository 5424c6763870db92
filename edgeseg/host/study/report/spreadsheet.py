"""The table of a study as CSV: every figure unrounded, for a spreadsheet or a script."""

from __future__ import annotations

from edgeseg.files import csv_text
from edgeseg.host.study.report.contents import Contents


def spreadsheet(contents: Contents) -> str:
    """The text: a line for every cell; bytes are bytes, shares are from 0 to 1."""
    names = [column.name for column in contents.columns]
    return csv_text([names, *([row.values.get(name) for name in names] for row in contents.rows)])
