"""A report as text, in the format that the suffix of a file asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from edgeseg.report.markdown import markdown
from edgeseg.report.page import page
from edgeseg.report.section import Section
from edgeseg.report.spreadsheet import spreadsheet

#: Suffix -> what makes the text.
FORMATS: dict[str, Callable[[Sequence[Section]], str]] = {".html": page, ".md": markdown, ".csv": spreadsheet}


def render(sections: Sequence[Section], suffix: str) -> str:
    """The text; bytes of a path that are no UTF-8 stand in it as escapes.

    Args:
        sections: at least one.
        suffix: one of `FORMATS`.

    Raises:
        MissingDependencyError: the format needs the extra `report`.
        ResultError: a panel of a result is no image.
    """
    return FORMATS[suffix](sections).encode(errors="backslashreplace").decode()
