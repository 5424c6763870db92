"""Which file to ship: the smallest and the fastest of those that find as much as the reference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from edgeseg.bench.figure import NOTHING, Figure
from edgeseg.bench.figures import CELL_F1, DICE, FILE_BYTES, P50
from edgeseg.comparison.change import Change
from edgeseg.comparison.changes import Label, change_of
from edgeseg.metrics.statistics import CONFIDENCE
from edgeseg.report.rows import Row
from edgeseg.text import counted

#: A loss of Dice up to this is accepted, unless the user says otherwise.
WITHIN = 0.01

#: A file whose median is longer than the fastest one's by more than this is slower without being asked.
_CLEARLY = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """For one runtime and one number of threads.

    Attributes:
        setting: runtime and threads.
        base: what the file is called that Dice is compared with; `None` where quality was not measured.
        smallest: of the accepted files, or of all where nothing tells which to accept; `None` where every
            file failed.
        fastest: likewise.
        as_fast: accepted files whose time does not differ significantly from that of the fastest.
        refused: files that may lose more than is accepted, of Dice or of the F1 of cells.
    """

    setting: tuple[str, int]
    base: str | None
    smallest: Row | None
    fastest: Row | None
    as_fast: tuple[Row, ...] = ()
    refused: tuple[Row, ...] = ()

    @property
    def where(self) -> str:
        """`litert, 1 thread`."""
        runtime, threads = self.setting
        return f"{runtime}, {counted(threads, 'thread')}"

    @property
    def one(self) -> Row | None:
        """The file that is the smallest and as fast as any; `None` where bytes and time want two."""
        smallest, fastest = self.smallest, self.fastest
        if smallest and fastest and (smallest is fastest or any(row is smallest for row in self.as_fast)):
            return smallest
        return None


def rule(base: str | None, within: float, *, by_cells: bool = False) -> str:
    """How files are accepted, in a sentence.

    Args:
        base: what the file is called that they are compared with; `None` where quality was not measured.
        within: the loss that is accepted.
        by_cells: whether the F1 of cells counts as well.
    """
    if base is None:
        return "No file is judged by what it finds, since that was not measured."
    what = f"its Dice and the F1 of its cells are less than those of {base} by {within:g} at most each"
    if not by_cells:
        what = f"its Dice is less than that of {base} by {within:g} at most"
    return (
        f"Rule: a file is accepted if {what}, at the "
        f"lower end of the {CONFIDENCE} % interval of the difference on the same images (where there is no "
        "interval: by the difference itself)."
    )


def accepted(change: Change, within: float) -> bool:
    """Whether a figure falls by `within` at most, as far as the images tell."""
    return (change.interval[0] if change.interval else change.change) >= -within


def _accepted(row: Row, within: float) -> bool:
    return all(accepted(change, within) for change in (row.change, row.cell_change) if change)


def make_answer(rows: Sequence[Row], *, within: float) -> Answer:
    """Choose among the rows of one setting.

    Args:
        rows: of one setting, at least one; those that failed are left out.
        within: the loss that is accepted, 0 to 1.
    """
    there = [row for row in rows if row.measurement.runs and not row.measurement.failure]
    judged = [row for row in there if row.change]
    chosen = [row for row in judged if _accepted(row, within)] if judged else there
    fastest = min(chosen, key=lambda row: row.number(P50) or 0, default=None)
    return Answer(
        setting=rows[0].setting,
        base=rows[0].base,
        smallest=min(chosen, key=lambda row: row.number(FILE_BYTES) or 0, default=None),
        fastest=fastest,
        as_fast=tuple(row for row in chosen if fastest and _as_fast(fastest, row)),
        refused=tuple(row for row in judged if not _accepted(row, within)),
    )


def _as_fast(fastest: Row, row: Row) -> bool:
    if row is fastest or (row.number(P50) or 0) > _CLEARLY * (fastest.number(P50) or 0):
        return False
    change = change_of(Label(row.label), P50, fastest.measurement, row.measurement)
    return change is not None and change.significant is False


def statements(answer: Answer) -> Iterator[tuple[str, str]]:
    """The answer in plain words: each statement, and the facts behind it."""
    smallest, fastest, one = answer.smallest, answer.fastest, answer.one
    if smallest is None or fastest is None:
        yield f"No file could be measured with {answer.where}.", ""
        return
    if one is fastest:
        yield f"Ship {one.label}: the smallest and the fastest.", _facts(one)
    elif one:
        yield f"Ship {one.label}: the smallest, and none is significantly faster.", _facts(one)
    else:
        yield f"Ship {smallest.label} if bytes count: the smallest.", _facts(smallest)
        yield f"Ship {fastest.label} if time counts: the fastest.", _facts(fastest)
    if answer.as_fast and not one:
        names = ", ".join(row.label for row in answer.as_fast)
        yield f"No significant difference in time from {fastest.label}:", f"{names}."
    if answer.refused:
        yield "May lose more than is accepted:", f"{', '.join(row.label for row in answer.refused)}."


def _facts(row: Row) -> str:
    size = f"{row.text(FILE_BYTES)} kB, {row.text(P50)} ms"
    if row.change is None:
        return f"{size}; what it finds was not measured."
    cells = ""
    if row.cell_change:
        cells = f"; F1 of cells {row.text(CELL_F1)}"
        if row.label != row.base:
            cells += f": {difference(row, row.cell_change)}"
    return f"{size}, Dice {row.text(DICE)}: {difference(row, row.change)}{cells}."


def difference(row: Row, change: Change | None) -> str:
    """How a row differs from the base in the figure of a change, in words."""
    base = row.base
    if change is None:
        return "what it finds was not measured"
    if row.label == base:
        return f"{base} is what the others are compared with"
    verdict = {True: "a significant difference", False: "no significant difference"}
    text = f"{change.change:+.4f} against {base}"
    if change.interval is None or change.significant is None:
        return f"{text} (no interval: the images are all tiles of one)"
    low, high = change.interval
    return f"{text} ({CONFIDENCE} % interval {low:+.4f} to {high:+.4f}: {verdict[change.significant]})"


def answer_table(answers: Sequence[Answer]) -> tuple[list[str], list[list[str]]]:
    """Header and rows: the two files for each runtime and number of threads."""
    header = ["measured with", "smallest", "fastest", "no significant difference in time"]
    rows = [
        [
            answer.where,
            _with_figure(answer.smallest, FILE_BYTES, "kB"),
            _with_figure(answer.fastest, P50, "ms"),
            ", ".join(row.label for row in answer.as_fast) or NOTHING,
        ]
        for answer in answers
    ]
    return header, rows


def _with_figure(row: Row | None, figure: Figure[Any], unit: str) -> str:
    return f"{row.label} ({row.text(figure)} {unit})" if row else NOTHING
