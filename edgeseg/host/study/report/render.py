"""The report of a study as text, in the format that the suffix of a file asks for."""

from __future__ import annotations

from collections.abc import Callable

from edgeseg.host.study.report.contents import Contents
from edgeseg.host.study.report.markdown import markdown
from edgeseg.host.study.report.page import page
from edgeseg.host.study.report.spreadsheet import spreadsheet

#: Suffix -> what makes the text.
FORMATS: dict[str, Callable[[Contents], str]] = {".html": page, ".md": markdown, ".csv": spreadsheet}
