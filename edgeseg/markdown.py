"""Markdown as GitHub reads it: text in which nothing is taken for markup, lists, tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

# An underscore within a word is none.
_MARKUP = re.compile(r"[\\`*\[\]<>|~#&$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_IN_CODE = str.maketrans({"`": "'", "|": r"\|"})


def escaped(text: str) -> str:
    """Text on one line that is shown as it is: names of files may hold anything."""
    return _MARKUP.sub(lambda match: f"\\{match[0]}", re.sub(r"\s+", " ", text))


def code(name: str) -> str:
    """A name as code, in which nothing is taken for markup; a pipe would end a cell even there."""
    return "`" + " ".join(name.split()).translate(_IN_CODE) + "`"


def listing(sentences: Iterable[str]) -> Iterator[str]:
    """Lines of a list of plain sentences, and an empty one behind it; nothing without sentences."""
    lines = [f"- {escaped(sentence)}" for sentence in sentences]
    if lines:
        yield from (*lines, "")


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, text: Sequence[int]) -> Iterator[str]:
    """Lines of a table, and an empty one behind it; the columns `text` are left aligned."""
    rule = ["---" if column in text else "---:" for column in range(len(header))]
    for cells in (header, rule, *rows):
        yield f"| {' | '.join(cells if cells is rule else map(escaped, cells))} |"
    yield ""
