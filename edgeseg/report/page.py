"""The report as one HTML page that needs nothing else: no network, no fonts, no chart library."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Any

from edgeseg.bench.table import failure_lines, host_table, model_labels, remarks, why_lines
from edgeseg.report.answer import answer_table
from edgeseg.report.cells import draw_cells, draw_true_cells
from edgeseg.report.charts import cost_charts, image_chart, rows_of
from edgeseg.report.columns import used_columns
from edgeseg.report.drawing import load_altair
from edgeseg.report.masks import colour_masks
from edgeseg.report.method import machine_facts, method_facts
from edgeseg.report.section import Section
from edgeseg.report.template import fill
from edgeseg.report.unmeasured import unmeasured_together

#: Images in the table of the worst.
_WORST = 10


def page(sections: Sequence[Section]) -> str:
    """The text of the page.

    Args:
        sections: at least one.

    Raises:
        MissingDependencyError: the extra `report` is not installed.
        ResultError: a panel of a result is no image.
    """
    load_altair()
    return fill(
        "page.html.jinja",
        sections=[_shown(section, number) for number, section in enumerate(sections, 1)],
        together=unmeasured_together([section.result for section in sections]),
    )


def _shown(section: Section, number: int) -> dict[str, Any]:
    """All that the template shows of a section."""
    result, first = section.result, section.answers[0] if section.answers else None
    return {
        "id": f"result-{number}",
        "section": section,
        "answers": answer_table(section.answers),
        "figures": [(answer.where, cost_charts(section, answer)) for answer in section.answers],
        "columns": used_columns(section.rows),
        "runtimes": list(dict.fromkeys(row.measurement.runtime for row in section.rows)),
        "threads": list(dict.fromkeys(row.measurement.threads for row in section.rows)),
        "why": list(why_lines(result)),
        "failures": failure_lines(result),
        "remarks": [remark for remark in remarks(result) if remark not in section.doubts],
        "images": image_chart(rows_of(section, first), first.where) if first else None,
        "worst": _worst(section),
        "panels": _panels(section),
        "host": host_table(result) if result.host else None,
        "machine": list(machine_facts(result)),
        "method": list(method_facts(result)),
    }


def _worst(section: Section) -> tuple[list[str], list[tuple[str, list[float]]]] | None:
    """Files, and the images that they find hardest together, with each one's Dice."""
    rows = rows_of(section, section.answers[0]) if section.answers else []
    measured = [(row.label, row.quality) for row in rows if row.quality]
    if not measured:
        return None
    dice = [
        (image.stem, [quality.images[index].counts.dice for _, quality in measured])
        for index, image in enumerate(measured[0][1].images)
    ]
    return [label for label, _ in measured], sorted(dice, key=lambda each: fmean(each[1]))[:_WORST]


def _panels(section: Section) -> list[dict[str, Any]]:
    labels = model_labels(section.result)
    return [
        {
            "panel": panel,
            "masks": [(labels.get(name, name), mask) for name, mask in colour_masks(panel).items()],
            "true_cells": draw_true_cells(panel),
            "cells": [(labels.get(name, name), found) for name, found in draw_cells(panel).items()],
        }
        for panel in section.result.panels
    ]
