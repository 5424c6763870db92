"""Counts over time, classes of areas, what is kept, and the device."""

import csv
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeseg.labels.regions import Cell
from edgeseg.prediction.tables import ImageResult
from edgeseg.serving.counts import MAX_POINTS, Count, Counts
from edgeseg.serving.message import Device, areas
from edgeseg.serving.recent_results import MAX_KEPT, RecentResults
from edgeseg.serving.segmented import MAX_SHOWN, Segmented


def count(number, cells):
    return Count(label=f"f{number}", cells=cells, area=0.5, coverage=0.25, seconds=number / 4, time="t")


def segmented(*sizes, shape=(4, 4)):
    cells = tuple(
        Cell(
            number=number, area=each, centroid_x=0, centroid_y=0, left=0, top=0, width=1, height=1,
            mean_intensity=0, min_intensity=0, max_intensity=0, std_intensity=0, perimeter=0,
            major_axis_length=0, minor_axis_length=0, eccentricity=0, solidity=1, touches_border=True,
        )
        for number, each in enumerate(sizes, start=1)
    )  # fmt: skip
    found = ImageResult(
        source="s", name="n", label="n.png", width=shape[1], height=shape[0], cells=len(cells), mask_pixels=0
    )
    return Segmented(
        found=found,
        grey=np.zeros(shape, np.uint8),
        labels=np.zeros(shape, np.int32),
        cells=cells,
        seconds=0.1,
    )


@pytest.mark.parametrize("frames", [0, 1, 239, 240, 241, 481, 3000])
def test_points_are_few_and_their_mean_is_that_of_the_frames(frames):
    cells = np.random.default_rng(frames).integers(0, 500, frames).tolist()
    counts = Counts("px")
    for number, each in enumerate(cells):
        counts.add(count(number, each))
    points = counts.points()
    assert min(frames, MAX_POINTS / 2) <= len(points) <= MAX_POINTS
    assert all(one[0] < other[0] for one, other in pairwise(points))
    each = 1
    while -(-len(cells) // each) > MAX_POINTS:
        each *= 2
    means = [np.mean(cells[start : start + each]) for start in range(0, len(cells), each)]
    np.testing.assert_allclose([value for _, value in points], means, atol=0.0051)


def test_the_table_has_a_row_a_frame():
    counts = Counts("um2")
    for number in range(700):
        counts.add(count(number, number % 7))
    rows = list(csv.DictReader(counts.csv().decode().splitlines()))
    assert len(rows) == 700
    assert rows[5] == {
        "image": "f5", "cells": "5", "area_um2": "0.5", "coverage": "0.25", "seconds": "1.25", "time": "t",
    }  # fmt: skip


def test_areas_are_counted_by_hand():
    found = areas(segmented(16, 19, 20, 100, 149), 1.0, (16, 200))
    assert [(each["from"], each["to"], each["cells"]) for each in found] == [
        (15, 20, 2), (20, 30, 1), (30, 50, 0), (50, 70, 0), (70, 100, 0), (100, 150, 2), (150, 200, 0),
        (200, 300, 0),
    ]  # fmt: skip


def test_areas_are_in_the_unit_of_the_tables():
    (only,) = areas(segmented(100), 0.25, (100, 100))
    assert (only["from"], only["to"], only["cells"]) == (20, 30, 1)


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=50), st.floats(1e-4, 1e4))
def test_every_cell_is_in_one_class(sizes, scale):
    found = areas(segmented(*sizes), scale, (min(sizes), max(sizes)))
    assert sum(each["cells"] for each in found) == len(sizes)
    assert all(one["to"] == other["from"] for one, other in pairwise(found))


def test_the_oldest_results_make_room():
    kept = RecentResults()
    names = [kept.add("snapshot", segmented()) for _ in range(MAX_KEPT + 2)]
    assert [kept.get(name) is None for name in names] == [True, True] + [False] * MAX_KEPT
    assert len(set(names)) == len(names)


def test_large_results_make_more_room_but_the_newest_stays():
    kept = RecentResults()
    first = kept.add("upload", segmented(shape=(8192, 5000)))
    second = kept.add("upload", segmented(shape=(8192, 9000)))
    assert kept.get(first) is None
    assert kept.get(second) is not None


@pytest.mark.parametrize("view", ["overlay_jpeg", "image_jpeg", "mask_jpeg"])
def test_a_large_picture_is_reduced_to_be_looked_at(view):
    import cv2

    shown = cv2.imdecode(np.frombuffer(getattr(segmented(shape=(100, 5000)), view), np.uint8), -1)
    assert shown.shape[:2] == (25, 1250)
    assert max(shown.shape) <= MAX_SHOWN


def test_the_device_tells_temperature_and_throttling(tmp_path):
    zone = tmp_path / "sys/class/thermal/thermal_zone0"
    zone.mkdir(parents=True)
    (zone / "type").write_text("cpu-thermal\n")
    (zone / "temp").write_text("61300\n")
    firmware = tmp_path / "sys/devices/platform/soc/soc:firmware"
    firmware.mkdir(parents=True)
    (firmware / "get_throttled").write_text("50005\n")
    assert Device(tmp_path).told() == {
        "temperature_c": 61.3, "throttled": ["under-voltage", "throttled"],
    }  # fmt: skip


def test_a_machine_that_tells_nothing_is_no_error(tmp_path):
    assert Device(tmp_path).told() == {"temperature_c": None, "throttled": []}
