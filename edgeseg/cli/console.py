"""What the commands show: tables and JSON on stdout, progress and remarks on stderr."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edgeseg.files import json_text
from edgeseg.progress import Progress


@dataclass
class Verbosity:
    """How much goes to stderr: -1 quiet (errors only), 0 normal, 1 verbose. Set once by `-q` or `-v`."""

    level: int = 0


VERBOSITY = Verbosity()

#: Exit code after Ctrl-C, as shells have it.
INTERRUPTED = 130


def say(text: str = "") -> None:
    """Print a result to stdout."""
    sys.stdout.write(text + "\n")


def note(text: str, *, level: int = 0) -> None:
    """Print a remark to stderr, unless the user asked for less."""
    if VERBOSITY.level >= level:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


def say_json(value: Mapping[str, Any]) -> None:
    """Print a result as JSON to stdout."""
    sys.stdout.write(json_text(value))


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, left: Sequence[int] = (0,)) -> str:
    """A plain text table; no line is wrapped.

    Args:
        header: column titles.
        rows: cells as text, one sequence of `len(header)` a row.
        left: the columns that are left aligned; the others are figures, right aligned.

    Returns:
        Lines joined by newlines, without a trailing one.
    """
    lines = [list(header), *(list(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]

    def render(line: list[str]) -> str:
        cells = (
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        return "  ".join(cells).rstrip()

    rule = "  ".join("-" * width for width in widths)
    return "\n".join([render(lines[0]), rule, *(render(line) for line in lines[1:])])


@contextlib.contextmanager
def progress(title: str) -> Iterator[Progress]:
    """Show progress with the time left, on stderr: a bar on a terminal, else a line now and then.

    Args:
        title: what is going on (`Predicting`).

    Yields:
        The function to hand to the library.
    """
    if VERBOSITY.level < 0:
        yield lambda _done, _total, _note: None
    elif sys.stderr.isatty():
        yield from _bar(title)
    else:
        yield _Lines(title)


def _bar(title: str) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None, note="")

        def show(done: int, total: int, note: str) -> None:
            if total != bar.tasks[0].total:  # another stage, at another speed
                bar.reset(task, total=total, completed=done)
            bar.update(task, completed=done, note=note)

        yield show


class _Lines:
    """Progress for logs: a line at the start of each tenth, and whenever ten seconds have passed."""

    def __init__(self, title: str) -> None:
        import time

        self._clock, self._title = time.monotonic, title
        self._last, self._tenth = time.monotonic(), -1
        self._total, self._start, self._begun = 0, time.monotonic(), 0

    def __call__(self, done: int, total: int, note: str) -> None:
        now = self._clock()
        if total != self._total:  # another stage, at another speed
            self._total, self._start, self._begun = total, now, done
        tenth = 10 * done // max(total, 1)
        if done < total and now - self._last < 10 and (tenth == self._tenth or now - self._last < 1):
            return
        self._last, self._tenth = now, tenth
        so_far = done - self._begun
        left = (now - self._start) / so_far * (total - done) if so_far else None
        remaining = f", {left:.0f} s left" if left is not None and done < total else ""
        sys.stderr.write(f"{self._title}: {done}/{total}{remaining}{'  ' + note if note else ''}\n")
        sys.stderr.flush()
