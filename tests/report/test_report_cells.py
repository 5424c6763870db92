"""Cells of a panel are drawn one by one."""

import base64
from dataclasses import replace

import cv2
import numpy as np
import pytest

from edgeseg.bench.panels import label_png
from edgeseg.errors import ResultError
from edgeseg.report.cells import draw_cells, draw_true_cells
from support.report_results import make_panel, png


def text(labels):
    return base64.b64encode(label_png(labels)).decode()


@pytest.fixture
def labels():
    """Two cells that touch, and a speck."""
    made = np.zeros((32, 32), np.int32)
    made[8:16, 8:16], made[8:16, 16:24], made[20, 20] = 1, 500, 3
    return made


def test_touching_cells_have_colours_of_their_own_and_specks_do_not_count(labels):
    found = draw_cells(replace(make_panel("m"), labels={"m": text(labels)}))["m"]
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(found.png), np.uint8), cv2.IMREAD_COLOR)
    assert (found.count, found.text) == (2, "2 cells")
    left, right, outside = (picture[at].tolist() for at in ((8, 10), (8, 20), (4, 4)))
    assert left != right
    assert len(set(outside)) == 1 < len(set(left))


def test_true_cells_are_drawn_where_they_are_known(labels):
    assert draw_true_cells(make_panel("m")) is None
    assert draw_true_cells(replace(make_panel("m"), true_labels=text(labels))).count == 2


def test_large_images_are_reduced(labels):
    panel = replace(make_panel("m"), image=png(np.zeros((900, 1000), np.uint8)))
    large = np.kron(labels, np.ones((30, 32), np.int32))[:900, :1000]
    large = np.pad(large, ((0, 900 - large.shape[0]), (0, 1000 - large.shape[1])))
    found = draw_true_cells(replace(panel, true_labels=text(large)))
    assert cv2.imdecode(np.frombuffer(base64.b64decode(found.png), np.uint8), 1).shape == (450, 500, 3)


@pytest.mark.parametrize("bad", ["no base64!", base64.b64encode(b"no png").decode()])
def test_cells_that_are_no_png_are_refused(bad):
    with pytest.raises(ResultError, match="expected a grey PNG file as the m of a"):
        draw_cells(replace(make_panel("m"), labels={"m": bad}))


def test_cells_of_another_size_are_refused(labels):
    with pytest.raises(ResultError, match="in the size of the image, 32x32, but got 32x16"):
        draw_cells(replace(make_panel("m"), labels={"m": text(labels[:16])}))
