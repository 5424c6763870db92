"""What is said of a cell, in pixels and in micrometres."""

import numpy as np

from edgeseg.labels.regions import measure_cells
from edgeseg.prediction.measures import FIRST_MEASURES, MEASURES, names, values


def cell_of(labels):
    (cell,) = measure_cells(np.array(labels, np.int32), np.full(np.shape(labels), 9, np.uint8))
    return cell


def told(cell, pixel_size):
    return dict(zip(names(MEASURES, pixel_size), values(cell, MEASURES, pixel_size), strict=True))


def test_lengths_go_with_the_pixel_size_and_areas_with_its_square():
    cell = cell_of([[0, 0, 0, 0], [0, 1, 1, 1], [0, 1, 1, 1], [0, 1, 1, 1]])
    pixels, micrometres = told(cell, None), told(cell, 0.5)
    assert (pixels["area_px"], micrometres["area_um2"]) == (9, 2.25)
    for name in ("centroid_x", "bbox_y", "bbox_width", "perimeter", "major_axis_length", "minor_axis_length"):
        assert micrometres[f"{name}_um"] == 0.5 * pixels[f"{name}_px"] > 0
    for name in ("mean_intensity", "std_intensity", "eccentricity", "solidity", "circularity"):
        assert micrometres[name] == pixels[name]


def test_yes_and_no_are_1_and_0():
    assert told(cell_of([[1, 0]]), None)["touches_border"] == 1
    assert told(cell_of([[0, 0, 0], [0, 1, 0], [0, 0, 0]]), None)["touches_border"] == 0


def test_what_is_not_defined_is_none():
    assert told(cell_of([[1]]), None)["circularity"] is None


def test_those_of_version_0_1_keep_their_names_and_come_first():
    assert names(FIRST_MEASURES, None) == names(MEASURES, None)[:8] == [
        "area_px", "centroid_x_px", "centroid_y_px", "bbox_x_px", "bbox_y_px", "bbox_width_px",
        "bbox_height_px", "mean_intensity",
    ]  # fmt: skip
