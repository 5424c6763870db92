from dataclasses import replace

import pytest

from edgeseg.bench.result_file import result_data
from edgeseg.report.columns import BY_NAME, COLUMNS, used_columns
from edgeseg.report.rows import make_rows


def test_the_figures_are_those_of_the_json(rich):
    rows = iter(make_rows(rich))
    for model in result_data(rich)["models"]:
        quality = model["measurements"][0]["summary"]
        for measurement in model["measurements"]:
            row = next(rows)
            for name, value in {**quality, **measurement["summary"]}.items():
                assert row.values[name] == value, name
            assert row.values["raw_bytes"] == model["size"]["raw_bytes"]


def test_every_figure_of_the_json_has_a_column(rich):
    summary = result_data(rich)["models"][0]["measurements"][0]["summary"]
    assert set(summary) <= set(BY_NAME)


def test_a_failed_row_shows_its_size_and_no_figure(rich):
    row = make_rows(rich)[-1]
    assert row.values["state"] == "failed: crashed"
    assert BY_NAME["file_bytes"].text(row) == "50.0"
    assert BY_NAME["p50_ms"].text(row) == "-"


def test_the_front_is_made_within_a_setting(rich):
    """With two threads tiny is faster than anything with one; that takes no other row off the front."""
    front = {(row.label, row.measurement.threads): row.values["front"] for row in make_rows(rich)}
    assert front["int8", 1] == front["int8", 2] == "bytes, time"
    assert front["float32", 1] == ""
    assert front["tiny", 1] == "bytes, time"


def test_dice_is_compared_in_the_same_runtime(rich):
    other = tuple(
        replace(model, measurements=(*model.measurements, replace(model.measurements[0], runtime="openvino")))
        for model in rich.models[1:3]
    )
    rows = make_rows(
        replace(rich, models=(rich.models[0], *other), runtimes={"litert": "x", "openvino": "y"})
    )
    changes = {(row.label, row.measurement.runtime): row.change for row in rows}
    assert changes["int8", "litert"].change == 0
    # The reference was not measured there: the best file is what others are compared with.
    assert changes["int8", "openvino"].change == 0
    assert changes["tiny", "openvino"].change == changes["tiny", "litert"].change
    assert {row.base for row in rows if row.measurement.runtime == "openvino"} == {"int8"}


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("file_bytes", 7_776_764, "7,776.8"),
        ("dice_change", 0.00271, "+0.0027"),
        ("dice_change", -0.00001, "+0.0000"),
        ("agreement", 0.99945, "99.945"),
        ("p50_ms", None, "-"),
        ("front", "", "-"),
        ("threads", 2, "2"),
    ],
)
def test_numbers_are_shown_for_people(name, value, text):
    assert BY_NAME[name].show(value) == text


def test_columns_that_say_nothing_are_left_out(result):
    names = [column.name for column in used_columns(make_rows(replace(result, models=result.models[:2])))]
    assert "xz_bytes" not in names
    assert "agreement" not in names
    assert "variant" in names  # the labels are names of files here
    assert len(names) < len(COLUMNS)
