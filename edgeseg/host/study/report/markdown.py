"""The report of a study as Markdown: what fits documentation or a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from edgeseg.host.study.report.best import facts, rule
from edgeseg.host.study.report.figures import batch_table
from edgeseg.host.study.report.reading import HOW_JUDGED, PAPER_NOTE, Reading
from edgeseg.host.study.report.rows import TITLES, Cell
from edgeseg.markdown import escaped, listing, table


def markdown(reading: Reading) -> str:
    """The text: the best cells, the claims, the table beside the paper's, the method."""
    return "\n".join(_lines(reading)).rstrip() + "\n"


def _lines(reading: Reading) -> Iterator[str]:
    results = reading.results
    yield from (f"# The study {escaped(results.name)} on {escaped(results.dataset)}", "")
    yield from listing(f"{what}: {cell.label}, {facts(cell)}." for what, cell in reading.choices)
    yield from (rule(), "")
    remarks = (
        ("Times are doubtful", results.doubts),
        ("Over budget", reading.broken),
        ("Not done", reading.open),
    )
    for title, sentences in remarks:
        if sentences:
            yield from (f"**{title}:**", "")
            yield from listing(sentences)
    yield from ("## What the paper claims", "")
    for claim in reading.claims:
        yield from (f"**{escaped(claim.title)}: {claim.verdict}.**", "")
        yield from listing(claim.evidence)
    yield from (escaped(HOW_JUDGED), "")
    yield from ("## Table 3, beside the paper's values", "")
    yield from table(
        ["cell", *(f"{title} (paper)" for title in TITLES.values())],
        [[cell.label, *(_beside(cell, metric) for metric in TITLES)] for cell in reading.cells],
        text=[0],
    )
    yield from (escaped(PAPER_NOTE), "")
    yield from ("## What they cost", "")
    shown = [
        column
        for column in reading.columns
        if column.name
        in ("change", "agreement", "raw_bytes", "gzip_bytes", "file_bytes", "p50_ms", "peak_mb", "front")
    ]
    yield from table(
        ["cell", *(column.title for column in shown)],
        [[cell.label, *(column.text(cell) for column in shown)] for cell in reading.cells],
        text=[0, len(shown)],
    )
    batches = batch_table(results)
    if batches:
        yield from ("## Batch sizes of quantization-aware training", "")
        yield from table(*batches, text=[])
    yield from ("## Method", "")
    yield from listing(f"{term}: {fact}" for term, fact in reading.method)


def _beside(cell: Cell, metric: str) -> str:
    """Ours, with the spread over seeds where there are several, and the paper's."""
    seeds, printed = cell.values[f"{metric}_seeds"], cell.values[f"paper_{metric}"]
    ours = f"{cell.number(metric):.4f}" + (f" ±{seeds / 2:.4f}" if isinstance(seeds, float) else "")
    return f"{ours} ({printed:.4f})" if isinstance(printed, float) else ours
