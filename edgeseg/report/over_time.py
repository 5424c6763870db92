"""A report of a folder of `edgeseg predict`: how many cells there were, and how much they covered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from edgeseg.files import csv_text
from edgeseg.markdown import escaped, table
from edgeseg.prediction.results import Results
from edgeseg.prediction.tables import ImageResult
from edgeseg.report.charts import Chart
from edgeseg.report.drawing import load_altair
from edgeseg.report.line import MOST_POINTS, line
from edgeseg.report.series import Series, make_series
from edgeseg.report.template import fill
from edgeseg.text import counted

_TITLE = "Cells over time"


def render(results: Results, suffix: str) -> str:
    """The report as text; bytes of a path that are no UTF-8 stand in it as escapes.

    Args:
        results: with at least one picture.
        suffix: one of `FORMATS`.

    Raises:
        MissingDependencyError: the format needs the extra `report`.
    """
    return FORMATS[suffix](results).encode(errors="backslashreplace").decode()


def _page(results: Results) -> str:
    load_altair()
    return fill(
        "over_time.html.jinja",
        title=_TITLE,
        results=results,
        facts=list(_facts(results)),
        series=[
            {
                "title": each.title,
                "summary": _summary(each),
                "charts": list(_charts(each, results.pixel_size)),
                "header": _header(each, results.pixel_size),
                "rows": [_texts(row) for row in _rows(each, results.pixel_size)],
            }
            for each in make_series(results.images)
        ],
    )


def _markdown(results: Results) -> str:
    lines = [f"# {_TITLE}", ""]
    for each in make_series(results.images):
        lines += (f"## {escaped(each.title)}", "", escaped(_summary(each)), "")
        rows = [_texts(row) for row in _rows(each, results.pixel_size)]
        lines += table(_header(each, results.pixel_size), rows, text=[0])
    lines += (f"- {escaped(term)}: {escaped(fact)}" for term, fact in _facts(results))
    return "\n".join(lines).rstrip() + "\n"


def _spreadsheet(results: Results) -> str:
    unit = _unit(results.pixel_size)
    header = ("series", "axis", "image", "at", "cells", f"area_{unit}", "coverage", f"mean_cell_area_{unit}")
    return csv_text(
        [
            header,
            *(
                (
                    each.title,
                    each.axis,
                    *(f"{cell:.10g}" if isinstance(cell, float) else cell for cell in row),
                )
                for each in make_series(results.images)
                for row in _rows(each, results.pixel_size)
            ),
        ]
    )


#: Suffix -> what makes the text.
FORMATS: dict[str, Callable[[Results], str]] = {".html": _page, ".md": _markdown, ".csv": _spreadsheet}


def _unit(pixel_size: float | None) -> str:
    return "px" if pixel_size is None else "um2"


def _header(series: Series, pixel_size: float | None) -> list[str]:
    unit = _unit(pixel_size)
    return ["image", series.unit, "cells", f"covered area, {unit}", "covered", f"mean cell area, {unit}"]


Row = tuple[str, float, int, float, float, float | None]


def _rows(series: Series, pixel_size: float | None) -> Iterator[Row]:
    """Of each picture: name, place on the axis, cells, their area, the share they cover, their mean area."""
    for point in series.points:
        image = point.image
        area = _area(image, pixel_size)
        mean = area / image.cells if image.cells else None
        yield image.label, point.at, image.cells, area, image.coverage, mean


def _area(image: ImageResult, pixel_size: float | None) -> float:
    return image.mask_pixels * (pixel_size or 1) ** 2


def _texts(row: Row) -> list[str]:
    label, at, cells, area, coverage, mean = row
    return [
        label,
        f"{at:,.2f}".removesuffix(".00"),
        f"{cells:,}",
        f"{area:,.0f}",
        f"{coverage:.1%}",
        "" if mean is None else f"{mean:,.0f}",
    ]


def _summary(series: Series) -> str:
    """One sentence: the first and the last count, and the extremes."""
    images = [point.image for point in series.points]
    first, last = images[0], images[-1]
    if len(images) == 1:
        return f"{counted(first.cells, 'cell')}, {first.coverage:.1%} covered."
    most, least = (choose(images, key=lambda image: image.cells) for choose in (max, min))
    return (
        f"From {counted(first.cells, 'cell')} ({first.coverage:.1%} covered) to "
        f"{counted(last.cells, 'cell')} ({last.coverage:.1%} covered); the most, {most.cells:,}, in "
        f"{most.label}, the fewest, {least.cells:,}, in {least.label}."
    )


def _facts(results: Results) -> Iterator[tuple[str, str]]:
    yield "folder", results.folder
    yield "model", results.model
    yield "begun", results.started
    yield "images", f"{len(results.images):,}"
    yield "pixel size", "not stated" if results.pixel_size is None else f"{results.pixel_size:g} um"


def _charts(series: Series, pixel_size: float | None) -> Iterator[Chart]:
    texts = [
        f"{image.label}: {counted(image.cells, 'cell')}, {image.coverage:.1%} covered"
        for image in (point.image for point in series.points)
    ]
    caption = (
        "Each point is a picture, named at the pointer." if len(texts) <= MOST_POINTS else "Every picture."
    )
    places = [point.at for point in series.points]
    areas = [_area(point.image, pixel_size) for point in series.points]
    drawn: Sequence[tuple[str, str, list[float]]] = (
        ("Number of cells", "cells", [point.image.cells for point in series.points]),
        ("Covered area", f"covered area, {_unit(pixel_size)}", areas),
    )
    for title, axis, values in drawn:
        svg = line(places, values, texts, x_title=series.axis, y_title=axis, title=f"{title}, {series.title}")
        yield Chart(svg, title, caption)
