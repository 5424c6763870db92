"""The report as Markdown: what fits a README or a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edgeseg.bench.table import host_table, why_lines
from edgeseg.markdown import escaped, listing, table
from edgeseg.report.answer import answer_table
from edgeseg.report.columns import used_columns
from edgeseg.report.method import machine_facts, method_facts
from edgeseg.report.section import Section


def markdown(sections: Sequence[Section]) -> str:
    """The text: for each result the answer, every row, and what was not measured."""
    lines = ["# Which file do I ship?", ""]
    for section in sections:
        lines += _section(section)
    return "\n".join(lines).rstrip() + "\n"


def _section(section: Section) -> Iterator[str]:
    yield from (f"## {escaped(section.title)}", "")
    for statement, evidence in section.statements:
        yield f"- **{escaped(statement)}** {escaped(evidence)}".rstrip()
    yield ""
    yield from (escaped(section.rule), "")
    if section.doubts:
        yield from ("**Doubtful:**", "")
        yield from listing(section.doubts)
    if len(section.answers) > 1:
        yield from ("### In each runtime, with each number of threads", "")
        yield from table(*answer_table(section.answers), text=range(4))
    yield from ("### Every row", "")
    used = [column for column in used_columns(section.rows) if column.main or column.name == "state"]
    yield from table(
        ["file", *(column.title for column in used)],
        [[row.label, *(column.text(row) for column in used)] for row in section.rows],
        text=[0, *(number for number, column in enumerate(used, 1) if column.digits is None)],
    )
    yield from listing(why_lines(section.result))
    if section.result.host:
        yield from ("### The Keras model on the host: another system, no ratio is made with files", "")
        header, rows = host_table(section.result)
        yield from table(header, rows, text=[0, 1])
    yield from ("### Machine and method", "")
    facts = [*machine_facts(section.result), *method_facts(section.result)]
    yield from listing(f"{term}: {fact}" for term, fact in facts)
    yield from ("### What was not measured", "")
    yield from listing(section.unmeasured)
