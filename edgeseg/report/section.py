"""One result, made ready to be shown: its rows, its answers, what to doubt and what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from edgeseg.bench.result import BenchResult
from edgeseg.machine.doubts import doubts
from edgeseg.report.answer import Answer, make_answer, rule, statements
from edgeseg.report.rows import Row, make_rows, settings
from edgeseg.report.unmeasured import unmeasured


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A result and what is worked out from it.

    Attributes:
        title: data set and machine; different for each section.
        name: the file that the result came from.
        result: as it was measured.
        within: the loss of Dice that is accepted.
        rows: all that was measured.
        answers: one for each runtime and number of threads, the first of them first.
    """

    title: str
    name: str
    result: BenchResult
    within: float
    rows: tuple[Row, ...]
    answers: tuple[Answer, ...]

    @property
    def base(self) -> str | None:
        """What the file is called that Dice is compared with in the first runtime; `None` without quality."""
        return self.answers[0].base if self.answers else None

    @property
    def rule(self) -> str:
        """How files are accepted."""
        return rule(self.base, self.within, by_cells=any(row.cell_change for row in self.rows))

    @property
    def statements(self) -> list[tuple[str, str]]:
        """The answer for the first runtime and number of threads: statements, each with its facts."""
        return list(statements(self.answers[0])) if self.answers else [("No file could be measured.", "")]

    @property
    def doubts(self) -> list[str]:
        """Why the result is doubtful as a whole."""
        return list(doubts(self.result.conditions))

    @property
    def unmeasured(self) -> list[str]:
        """What it says nothing about."""
        return list(unmeasured(self.result))


def make_sections(results: Sequence[tuple[str, BenchResult]], *, within: float) -> tuple[Section, ...]:
    """Work out everything once.

    Args:
        results: each with the name of the file that it came from.
        within: the loss of Dice that is accepted, 0 to 1.
    """
    sections = [_section(name, result, within) for name, result in results]
    titles = Counter(section.title for section in sections)
    return tuple(
        replace(section, title=f"{section.title} ({section.name})") if titles[section.title] > 1 else section
        for section in sections
    )


def _section(name: str, result: BenchResult, within: float) -> Section:
    rows = make_rows(result)
    answers = (
        make_answer([row for row in rows if row.setting == setting], within=within)
        for setting in settings(rows)
    )
    machine = result.machine
    place = machine.board or machine.cpu or machine.architecture
    return Section(
        title=f"{result.dataset.name if result.dataset else 'no data set'}, {place}",
        name=name, result=result, within=within, rows=rows, answers=tuple(answers),
    )  # fmt: skip
