"""A figure is one entry: tables, result files, comparisons, budgets and reports follow from it."""

from dataclasses import replace

import pytest

from edgeseg.bench.figures import FIGURES, OF_FILE, OF_QUALITY, OF_RUNS
from edgeseg.bench.quality import QualityResult
from edgeseg.bench.result_file import result_data
from edgeseg.bench.table import bench_table
from edgeseg.budget.limited import LIMITED, name_of
from edgeseg.budget.limits import LIMIT_KEYS
from edgeseg.comparison.compare import compare_results
from edgeseg.report.columns import COLUMNS

ALL = (*OF_FILE, *OF_RUNS, *OF_QUALITY)


@pytest.fixture
def whole(rich):
    """A result of one file of which every figure is known."""
    model = rich.models[0]
    images = tuple(
        replace(image, differing=1, ious=(0.9,), pieces=1, cells=replace(image.cells, iou_sum=0.9))
        for image in model.measurements[0].quality.images
    )
    measured = replace(model.measurements[0], quality=QualityResult(images))
    model = replace(model, size=replace(model.size, xz_bytes=1000), measurements=(measured,))
    return replace(rich, models=(model,), reference=model.name)


def test_result_files_have_every_figure_that_was_measured(whole):
    summary = result_data(whole)["models"][0]["measurements"][0]["summary"]
    assert set(summary) == {figure.key for figure in (*OF_RUNS, *OF_QUALITY)}
    assert None not in summary.values()


def test_the_table_of_bench_has_every_figure_with_a_heading(whole):
    header, _ = bench_table(whole)
    assert [name for name in header if name != "95 %"][-2 - len(_headings()) : -2] == _headings()


def _headings():
    return [figure.heading for figure in FIGURES if figure.heading]


def test_compare_compares_every_figure_that_says_so(whole):
    changes = compare_results(whole, whole).changes
    assert {change.figure.name for change in changes} == {each.name for each in ALL if each.compared}


def test_reports_have_every_figure_with_a_column():
    assert {figure.key for figure in ALL if figure.column} <= {column.name for column in COLUMNS}


def test_budgets_can_limit_every_figure_that_says_so():
    for figure in ALL:
        if figure.limit and figure.unit != "kinds":
            change = "drop" if figure.higher_is_better else "growth"
            assert f"max_{change}_{figure.limit}" in LIMIT_KEYS
    once = {name_of(figure) for figure in LIMITED} - {"dice_data"}
    assert once == {figure.limit for figure in (*OF_FILE, *OF_QUALITY) if figure.limit}
