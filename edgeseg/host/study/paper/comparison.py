"""A study beside the paper."""

from __future__ import annotations

from dataclasses import dataclass

from edgeseg.host.study.findings.results import StudyResults
from edgeseg.host.study.paper.batches import batch_table
from edgeseg.host.study.paper.claims import Claim, judge_claims
from edgeseg.host.study.paper.table3 import has_papers_grid


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperComparison:
    """What the paper says of the grid of a study, and what the study says of that.

    Attributes:
        claims: judged.
        batches: titles and rows of the paper's Table 1; None where the study has no second batch size.
    """

    claims: tuple[Claim, ...]
    batches: tuple[list[str], list[list[str]]] | None


def compare_with_paper(results: StudyResults) -> PaperComparison | None:
    """The comparison; None where the grid of the study is not the paper's (`table3.has_papers_grid`)."""
    if not has_papers_grid(results.plan):
        return None
    return PaperComparison(claims=judge_claims(results), batches=batch_table(results))
