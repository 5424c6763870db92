"""Everything that a report of a study shows, worked out once for all of its formats."""

from __future__ import annotations

from dataclasses import dataclass

from edgeseg.bench.figure import NOTHING, Column
from edgeseg.host.study.findings.best import best_cells
from edgeseg.host.study.findings.budgets import broken_budgets
from edgeseg.host.study.findings.cells import Cell, make_cells
from edgeseg.host.study.findings.results import StudyResults
from edgeseg.host.study.paper.comparison import PaperComparison, compare_with_paper
from edgeseg.host.study.report.method import method_facts
from edgeseg.host.study.report.table import TableRow, columns, table_row

#: Tasks that are named before the rest is only counted.
_NAMED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What to show.

    Attributes:
        results: as they were measured.
        cells: of the grid.
        broken: sentences about files that break the study's budgets.
        choices: the best cells, each with what it is best in; of those that break no budget.
        paper: the paper beside the study; None where the study's grid is not the paper's.
    """

    results: StudyResults
    cells: tuple[Cell, ...]
    broken: tuple[str, ...]
    choices: tuple[tuple[str, Cell], ...]
    paper: PaperComparison | None

    @property
    def first(self) -> str:
        """Name of the combination that the others are compared with."""
        return self.results.plan.combinations[0].name

    @property
    def rows(self) -> list[TableRow]:
        """The table: a row for each cell."""
        return [table_row(cell, beside_paper=self.paper is not None) for cell in self.cells]

    @property
    def columns(self) -> tuple[Column, ...]:
        """All of the table."""
        return columns(first=self.first, beside_paper=self.paper is not None)

    @property
    def open(self) -> list[str]:
        """What of the study is not here, and why."""
        results = self.results
        sentences = [f"{task} failed: {why}" for task, why in results.failed.items()]
        if results.missing:
            shown = ", ".join(results.missing[:_NAMED])
            more = len(results.missing) - _NAMED
            sentences.append(f"Not done yet: {shown}{f' and {more} more' if more > 0 else ''}.")
        return sentences

    @property
    def method(self) -> list[tuple[str, str]]:
        """How it was measured: terms, each with its facts."""
        return list(method_facts(self.results))

    @property
    def differences(self) -> tuple[list[str], list[list[str]]]:
        """Differences of F1 with their intervals, in points: titles, and a row for each cell that has one."""
        header = ["cell", "less float32 of the same networks", f"less {self.first} as the same variant"]
        rows = [
            [cell.label, *(found.text if found else NOTHING for found in (cell.from_base, cell.from_first))]
            for cell in self.cells
            if cell.from_base or cell.from_first
        ]
        return header, rows


def used_columns(all_columns: tuple[Column, ...], rows: list[TableRow]) -> list[Column]:
    """Those that say something."""
    return [each for each in all_columns if any(each.text(row) != NOTHING for row in rows)]


def work_out(results: StudyResults) -> Contents:
    """Work out everything.

    Raises:
        ConfigError: a pattern of the study's budgets fits no file.
    """
    cells = make_cells(results)
    broken = list(broken_budgets(results))
    refused = {id(file) for file, _ in broken}
    within = [cell for cell in cells if not any(id(file) in refused for file in cell.files)]
    return Contents(
        results=results,
        cells=cells,
        broken=tuple(f"{file.network.name}: {sentence}" for file, sentence in broken),
        choices=tuple(best_cells(within)) if within else (),
        paper=compare_with_paper(results),
    )
