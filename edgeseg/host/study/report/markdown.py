"""The report of a study as Markdown: what fits documentation or a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from edgeseg.host.study.findings.best import RULE, facts
from edgeseg.host.study.findings.cells import TITLES, Cell
from edgeseg.host.study.paper.claims import HOW_JUDGED
from edgeseg.host.study.paper.comparison import PaperComparison
from edgeseg.host.study.paper.table3 import NOTE, table3
from edgeseg.host.study.report.contents import Contents, used_columns
from edgeseg.markdown import escaped, listing, table

_COSTS = ("agreement", "raw_bytes", "gzip_bytes", "file_bytes", "p50_ms", "peak_mb", "front")


def markdown(contents: Contents) -> str:
    """The text: the best cells, what was found, differences, costs, the method; the paper beside its grid."""
    return "\n".join(_lines(contents)).rstrip() + "\n"


def _lines(contents: Contents) -> Iterator[str]:
    results, paper = contents.results, contents.paper
    yield from (f"# The study {escaped(results.name)} on {escaped(results.dataset)}", "")
    yield from listing(f"{what}: {cell.label}, {facts(cell)}." for what, cell in contents.choices)
    yield from (RULE, "")
    remarks = (
        ("Times are doubtful", results.doubts),
        ("Over budget", contents.broken),
        ("Not done", contents.open),
    )
    for title, sentences in remarks:
        if sentences:
            yield from (f"**{title}:**", "")
            yield from listing(sentences)
    if paper:
        yield from _claims(paper)
    yield from _found(contents)
    yield from ("## Differences of F1, with 95 % intervals", "")
    yield from table(*contents.differences, text=[0])
    yield from _costs(contents)
    if paper and paper.batches:
        yield from ("## Batch sizes of quantization-aware training", "")
        yield from table(*paper.batches, text=[])
    yield from ("## Method", "")
    yield from listing(f"{term}: {fact}" for term, fact in contents.method)


def _claims(paper: PaperComparison) -> Iterator[str]:
    yield from ("## What the paper claims", "")
    for claim in paper.claims:
        yield from (f"**{escaped(claim.title)}: {claim.verdict}.**", "")
        yield from listing(claim.evidence)
    yield from (escaped(HOW_JUDGED), "")


def _found(contents: Contents) -> Iterator[str]:
    yield from ("## Table 3, beside the paper's values" if contents.paper else "## What was found", "")
    beside = " (paper)" if contents.paper else ""
    yield from table(
        ["cell", *(f"{title}{beside}" for title in TITLES.values())],
        [
            [cell.label, *(_score(cell, metric, printed.get(metric)) for metric in TITLES)]
            for cell in contents.cells
            for printed in [_printed(cell) if contents.paper else {}]
        ],
        text=[0],
    )
    if contents.paper:
        yield from (escaped(NOTE), "")


def _printed(cell: Cell) -> Mapping[str, float]:
    return table3().get((cell.combination, cell.step), {})


def _score(cell: Cell, metric: str, printed: float | None) -> str:
    """Ours, with the spread over seeds where there are several; the paper's where it has one."""
    score = cell.scores[metric]
    spread = "" if score.seeds is None else f" ±{score.seeds / 2:.4f}"
    beside = "" if printed is None else f" ({printed:.4f})"
    return f"{score.value:.4f}{spread}{beside}"


def _costs(contents: Contents) -> Iterator[str]:
    rows = contents.rows
    shown = [column for column in used_columns(contents.columns, rows) if column.name in _COSTS]
    yield from ("## What they cost", "")
    yield from table(
        ["cell", *(column.title for column in shown)],
        [[row.label, *(column.text(row) for column in shown)] for row in rows],
        text=[0, len(shown)],
    )
