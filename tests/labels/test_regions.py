"""What is measured on cells, against scikit-image's `regionprops`."""

import math
import warnings
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.measure import regionprops

from edgeseg.labels.label_rows import PackedLabels, pack
from edgeseg.labels.regions import Cell, measure_cells
from edgeseg.labels.runs import find_runs
from support.label_images import LABELS, discs, grey_for


def by_scikit_image(labels, grey):
    for region in regionprops(labels, grey):
        top, left, bottom, right = region.bbox
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield {
                "number": region.label,
                "area": region.area,
                "centroid_x": region.centroid[1],
                "centroid_y": region.centroid[0],
                "left": left,
                "top": top,
                "width": right - left,
                "height": bottom - top,
                "mean_intensity": region.intensity_mean,
                "min_intensity": region.intensity_min,
                "max_intensity": region.intensity_max,
                "std_intensity": region.intensity_std,
                "perimeter": region.perimeter,
                "major_axis_length": region.axis_major_length,
                "minor_axis_length": region.axis_minor_length,
                "eccentricity": region.eccentricity,
                "solidity": region.solidity,
                "touches_border": min(top, left) == 0 or bottom == len(labels) or right == labels.shape[1],
            }


def same(labels, grey):
    cells = measure_cells(labels, grey)
    expected = list(by_scikit_image(labels, grey))
    assert [cell.number for cell in cells] == [each["number"] for each in expected]
    for cell, each in zip(cells, expected, strict=True):
        # Axes are square roots: where one is 0, the rounding of either side shows as 1e-7.
        assert asdict(cell) == pytest.approx(each, rel=1e-9, abs=1e-6)


@settings(max_examples=60)
@given(LABELS)
def test_cells_of_any_shape_have_the_measures_of_scikit_image(labels):
    same(labels, grey_for(labels))


@pytest.mark.parametrize("seed", range(3))
def test_touching_discs_have_the_measures_of_scikit_image(seed):
    labels = discs(count=40, size=200, radius=24, seed=seed)
    same(labels, grey_for(labels))


def test_far_from_the_first_pixel_nothing_cancels_out():
    labels = np.zeros((4, 200_000), np.int32)
    labels[1:3, -7:-2] = 1
    near = labels[:, -9:]
    (one,), (other,) = (measure_cells(each, np.zeros(each.shape, np.uint8)) for each in (near, labels))
    assert (one.major_axis_length, one.minor_axis_length, one.solidity) == (
        other.major_axis_length,
        other.minor_axis_length,
        other.solidity,
    )
    assert other.centroid_x == 200_000 - 5


def test_two_cells_worked_by_hand():
    labels = np.array([[1, 1, 0, 0, 0], [1, 1, 0, 0, 2], [0, 0, 0, 0, 2], [0, 0, 0, 0, 2]], np.int32)
    assert measure_cells(labels, np.arange(20, dtype=np.uint8).reshape(4, 5)) == (
        Cell(
            number=1, area=4, centroid_x=0.5, centroid_y=0.5, left=0, top=0, width=2, height=2,
            mean_intensity=3, min_intensity=0, max_intensity=6, std_intensity=math.sqrt(6.5), perimeter=4,
            major_axis_length=2, minor_axis_length=2, eccentricity=0, solidity=1,
            touches_border=True,
        ),
        Cell(
            number=2, area=3, centroid_x=4, centroid_y=2, left=4, top=1, width=1, height=3,
            mean_intensity=14, min_intensity=9, max_intensity=19, std_intensity=math.sqrt(50 / 3),
            perimeter=1, major_axis_length=4 * math.sqrt(2 / 3), minor_axis_length=0, eccentricity=1,
            solidity=1, touches_border=True,
        ),
    )  # fmt: skip


@given(LABELS, st.integers(1, 13))
def test_bands_change_nothing(labels, rows):
    grey = grey_for(labels)
    assert measure_cells(labels, grey, rows=rows) == measure_cells(labels, grey)


def test_packed_labels_are_measured_as_the_array():
    labels = discs(count=30, size=120, radius=20)
    parts = [labels[top : top + 50] for top in range(0, 120, 50)]
    same_numbers = np.arange(31, dtype=np.int32)
    rows = PackedLabels(120, [pack(find_runs(each)) for each in parts], [*map(len, parts)], same_numbers)
    assert measure_cells(rows, grey_for(labels), rows=17) == measure_cells(labels, grey_for(labels))


def test_sums_beyond_64_bits_are_exact():
    """A cell as long as the longest picture that can be read: its sum of squared x takes 67 bits."""
    labels = np.ones((10, 2**20), np.int32)
    (cell,) = measure_cells(labels, np.full(labels.shape, 7, np.uint8))
    assert cell.area == 10 * 2**20
    assert cell.centroid_x == (2**20 - 1) / 2
    assert cell.major_axis_length == pytest.approx(4 * math.sqrt((2**40 - 1) / 12), rel=1e-12)
    assert (cell.mean_intensity, cell.std_intensity, cell.solidity) == (7, 0, 1)


def test_numbers_may_have_gaps_and_be_large():
    labels = np.zeros((5, 9), np.int32)
    labels[1:4, 1:3], labels[2, 5:8] = 70_000, 2**31 - 1
    cells = measure_cells(labels, grey_for(labels))
    assert [(cell.number, cell.area) for cell in cells] == [(70_000, 6), (2**31 - 1, 3)]


def test_no_cells_are_no_cells():
    assert measure_cells(np.zeros((7, 9), np.int32), np.zeros((7, 9), np.uint8), rows=2) == ()


def test_a_disc_is_round_and_a_bar_is_not():
    rows, columns = np.ogrid[:100, :100]
    labels = (np.hypot(rows - 50, columns - 50) < 30).astype(np.int32)
    labels[2:6, 2:98] = 2
    disc, bar = measure_cells(labels, grey_for(labels))
    assert disc.circularity == pytest.approx(1, abs=0.1)
    assert disc.eccentricity < 0.05
    assert bar.circularity < 0.2
    assert bar.eccentricity > 0.99


def test_a_cell_without_a_perimeter_has_no_circularity():
    labels = np.zeros((3, 3), np.int32)
    labels[1, 1] = 1
    (cell,) = measure_cells(labels, grey_for(labels))
    assert (cell.perimeter, cell.circularity) == (0, None)
