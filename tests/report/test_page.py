import base64
from dataclasses import replace

import numpy as np
import pytest

from edgeseg.bench.panels import label_png
from edgeseg.errors import ResultError
from edgeseg.report.page import page
from edgeseg.report.section import make_sections


def text_of(result):
    return page(make_sections([("bench.json", result)], within=0.01))


def without_data(result):
    models = tuple(
        replace(model, measurements=tuple(replace(each, quality=None) for each in model.measurements))
        for model in result.models
    )
    return replace(result, models=models, dataset=None, reference=None, panels=())


@pytest.mark.parametrize(
    ("poorer", "says"),
    [
        (without_data, "what it finds was not measured"),
        (lambda result: replace(result, models=result.models[-1:]), "No file could be measured with litert"),
        (lambda result: replace(result, models=(), panels=()), "No file could be measured."),
        (lambda result: replace(result, models=result.models[:1], host=()), "Ship float32"),
        (lambda result: replace(result, complete=False), "The bench was interrupted"),
    ],
    ids=["no data", "all failed", "nothing", "one file", "interrupted"],
)
def test_a_result_with_less_in_it_has_a_page_that_says_so(rich, poorer, says):
    text = text_of(poorer(rich))
    assert text.startswith("<!doctype html>")
    assert text.endswith("</html>")
    assert says in text


def test_a_row_that_failed_late_shows_no_time(rich):
    """Of an unfinished measurement nothing is taken for a figure."""
    failure = rich.models[-1].measurements[0].failure
    first = replace(rich.models[0].measurements[0], failure=failure)
    (section,) = make_sections([("bench.json", replace(rich, models=(
        replace(rich.models[0], measurements=(first,)), *rich.models[1:],
    )))], within=0.01)  # fmt: skip
    assert section.rows[0].values["state"] == "failed: crashed"
    assert "p50_ms" not in section.rows[0].values
    assert "float32 (litert" not in text_of(rich)
    assert "failed: crashed" in page([section])


def test_cells_are_shown_of_files_that_tell_them_apart(rich):
    panel = rich.panels[0]
    labels = base64.b64encode(label_png(two_squares())).decode()
    cells = replace(panel, labels={"int8.tflite": labels}, true_labels=labels)
    text = text_of(replace(rich, panels=(cells,)))
    assert "Then the cells of files that tell them apart" in text
    assert "The true cells of a, each outlined in a colour: 2 cells" in text
    assert "The cells that int8 finds in a, each outlined in a colour: 2 cells" in text
    assert "The cells that float32" not in text
    without = text_of(rich)
    assert "The true cells" not in without
    assert "tell them apart, each in a colour" not in without


def two_squares():
    labels = np.zeros((32, 32), np.int32)
    labels[8:16, 8:16], labels[8:16, 16:24] = 1, 2
    labels[20, 20] = 3  # a speck
    return labels


def test_a_panel_that_is_no_image_is_refused(rich):
    with pytest.raises(ResultError, match="expected a PNG file as the truth of a"):
        text_of(replace(rich, panels=(replace(rich.panels[0], truth="no image"),)))
