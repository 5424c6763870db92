"""The charts of a section, each with its caption."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgeseg.bench.figures import P50, P90, P99
from edgeseg.report.answer import Answer
from edgeseg.report.distribution import Strip, distribution
from edgeseg.report.forest import forest
from edgeseg.report.rows import Row
from edgeseg.report.scatter import BYTES, TIME, Cost, file_points, scatter
from edgeseg.report.section import Section

#: Images that are named in each strip.
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart with what is said about it.

    Attributes:
        svg: the drawing.
        title: what it is.
        caption: how to read it.
    """

    svg: str
    title: str
    caption: str


def pareto_chart(rows: Sequence[Row], cost: Cost, where: str) -> Chart | None:
    """Dice over bytes or time, of the rows of one setting."""
    title = f"Dice over {cost.front}, {where}"
    drawn = scatter(file_points(rows, cost), cost, title=f"{title}: each file as a point")
    if drawn is None:
        return None
    return Chart(
        drawn,
        title,
        "Diamonds, joined and named: the Pareto front, no other file is as cheap and as good. Whiskers: the "
        "95 % interval of the change from the reference.",
    )


def change_chart(rows: Sequence[Row], answer: Answer, within: float) -> Chart | None:
    """By how much files differ from the reference."""
    title = f"Change of Dice from {answer.base}, {answer.where}"
    drawn = forest(rows, within=within, title=f"{title}: a line for each file")
    if drawn is None:
        return None
    return Chart(
        drawn,
        title,
        "95 % intervals of the difference on the same images. One that holds 0 (solid line): no significant "
        f"difference. One that begins left of -{within:g} (dashed line; triangles): not accepted.",
    )


def time_chart(rows: Sequence[Row], where: str) -> Chart | None:
    """Every counted inference of the rows of one setting."""
    strips = [
        Strip(
            label=row.label,
            samples=[nanoseconds / 1e6 for nanoseconds in row.measurement.invoke_ns],
            middle=row.number(P50) or 0,
            text=f"{row.label}: {_quantiles(row)}, {len(row.measurement.invoke_ns)} samples",
        )
        for row in rows
        if row.measurement.runs and not row.measurement.failure
    ]
    title = f"Every inference, {where}"
    drawn = distribution(strips, axis="ms", logarithmic=True, title=f"{title}: a strip for each file")
    if drawn is None:
        return None
    return Chart(
        drawn, title, "The more of the row's samples took so long, the stronger the colour. Line: the median."
    )


def _quantiles(row: Row) -> str:
    return ", ".join(
        f"{figure.title.removesuffix(' ms')} {row.text(figure)} ms" for figure in (P50, P90, P99)
    )


def image_chart(rows: Sequence[Row], where: str) -> Chart | None:
    """Dice of every image by itself, of the rows of one setting."""
    strips = [
        Strip(
            label=row.label,
            samples=[image.counts.dice for image in row.quality.images],
            middle=row.quality.mean["dice"],
            text=f"{row.label}: mean of the images' own Dice {row.quality.mean['dice']:.4f}",
            named=[
                (f"{image.stem}, Dice {image.counts.dice:.4f}", image.counts.dice)
                for image in row.quality.worst[:_NAMED]
            ],
        )
        for row in rows
        if row.quality
    ]
    title = f"Dice of every image, {where}"
    drawn = distribution(strips, axis="Dice", logarithmic=False, title=f"{title}: a strip for each file")
    if drawn is None:
        return None
    return Chart(
        drawn,
        title,
        "The more images had that Dice, the stronger the colour. Line: their mean. Triangles: the worst "
        "images, named at the pointer.",
    )


def rows_of(section: Section, answer: Answer) -> list[Row]:
    """The rows that an answer is about."""
    return [row for row in section.rows if row.setting == answer.setting]


def cost_charts(section: Section, answer: Answer) -> list[Chart]:
    """What tells which file to ship, in one setting."""
    rows = rows_of(section, answer)
    found = (
        pareto_chart(rows, BYTES, answer.where),
        pareto_chart(rows, TIME, answer.where),
        change_chart(rows, answer, section.within),
        time_chart(rows, answer.where),
    )
    return [chart for chart in found if chart]
