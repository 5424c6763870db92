import base64
from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest

from edgeseg.errors import ResultError
from edgeseg.report.masks import BOTH, MISSED, NEITHER, TOO_MUCH, colour_masks
from support.report_results import make_panel, png, square


def pixels(mask):
    data = np.frombuffer(base64.b64decode(mask.png), np.uint8)
    return cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1]


def test_pixels_are_coloured_by_truth_and_mask():
    image = pixels(colour_masks(make_panel("m"))["m"])
    # The true cell is in rows 8 to 15, the mask in rows 10 to 17.
    assert [tuple(image[row, 10].tolist()) for row in (7, 8, 12, 17, 18)] == [
        NEITHER, MISSED, BOTH, TOO_MUCH, NEITHER,
    ]  # fmt: skip


def test_what_is_wrong_is_said_in_words():
    assert colour_masks(make_panel("m"))["m"].text == "Dice 0.7500; 16 pixels too many, 16 missed"


def luminance(colour):
    parts = np.array(colour) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def test_the_colours_differ_in_brightness_too():
    shades = sorted(luminance(colour) for colour in (BOTH, TOO_MUCH, MISSED, NEITHER))
    for darker, lighter in pairwise(shades):
        assert (lighter + 0.05) / (darker + 0.05) > 1.8


@pytest.mark.parametrize("bad", ["no base64!", "", base64.b64encode(b"no png").decode()])
def test_a_mask_that_is_no_png_is_refused(bad):
    with pytest.raises(ResultError, match="expected a PNG file as the m of a"):
        colour_masks(replace(make_panel("m"), masks={"m": bad}))


def test_a_mask_of_another_size_is_refused():
    with pytest.raises(ResultError, match="in the size of the truth, 32x32, but got 32x16"):
        colour_masks(replace(make_panel("m"), masks={"m": png(square(8, 8)[:16])}))
