"""`edgeseg predict --rois --geojson`: files for ImageJ and QuPath, which are kept as masks are."""

import json

import cv2
import numpy as np
import pytest
import roifile
import shapely
import tifffile
from shapely.geometry import shape

from support.command import edgeseg, refused
from support.label_images import filled
from support.prediction_cases import MODEL, cell_at, moving_cell, read_table, write_image, write_stack

BOTH = ("--rois", "--geojson")


@pytest.fixture
def images(tmp_path):
    """Two pictures: one cell, and two."""
    two = np.maximum(cell_at(14, 14), cell_at(46, 44, seed=1))
    write_image(tmp_path / "in" / "one.png")
    write_image(tmp_path / "in" / "two.png", two)
    return tmp_path / "in"


@pytest.fixture
def out(images, tmp_path):
    done = edgeseg("predict", MODEL, images, "--out", tmp_path / "out", *BOTH, "--pixel-size", "0.5")
    assert done.returncode == 0, done.stderr
    return tmp_path / "out"


def labels_of(out, name):
    return tifffile.imread(out / "labels" / f"{name}.tif").astype(int)


@pytest.mark.parametrize("name", ["one", "two"])
def test_both_hold_the_cells_of_the_labels_to_the_pixel(name, out):
    labels = labels_of(out, name)
    rows, columns = np.indices(labels.shape) + 0.5
    rois = roifile.roiread(out / "rois" / f"{name}.zip")
    features = json.loads((out / "geojson" / f"{name}.geojson").read_text())["features"]
    numbers = list(range(1, labels.max() + 1))
    assert [int(roi.name) for roi in rois] == numbers
    assert [int(feature["properties"]["name"]) for feature in features] == numbers
    for number, roi, feature in zip(numbers, rois, features, strict=True):
        assert np.array_equal(filled(roi.coordinates(multi=True), labels.shape), labels == number)
        inside = shapely.contains_xy(shape(feature["geometry"]), columns, rows)
        assert np.array_equal(inside, labels == number)


def test_measures_are_those_of_the_table(out):
    rows = {row["cell"]: row for row in read_table(out / "cells.csv") if row["image"] == "two.png"}
    features = json.loads((out / "geojson" / "two.geojson").read_text())["features"]
    assert len(features) == len(rows) == 2
    for feature in features:
        row = rows[feature["properties"]["name"]]
        measures = feature["properties"]["measurements"]
        assert measures == {name: float(row[name]) for name in measures}
        assert {"area_um2", "perimeter_um", "solidity", "touches_border"} <= measures.keys()


def test_the_picture_of_a_stack_has_its_page_as_position(tmp_path):
    write_stack(tmp_path / "stack.tif", moving_cell(3))
    assert (
        edgeseg("predict", MODEL, tmp_path / "stack.tif", "--out", tmp_path / "out", "--rois").returncode == 0
    )
    positions = [
        [roi.position for roi in roifile.roiread(path)]
        for path in sorted((tmp_path / "out" / "rois").iterdir())
    ]
    assert positions == [[1], [2], [3]]


def test_without_the_options_there_are_no_such_files(images, tmp_path):
    assert edgeseg("predict", MODEL, images, "--out", tmp_path / "out").returncode == 0
    assert not (tmp_path / "out" / "rois").exists()
    assert not (tmp_path / "out" / "geojson").exists()


@pytest.mark.parametrize("lost", ["rois/one.zip", "geojson/one.geojson"])
@pytest.mark.parametrize("how", ["missing", "empty"])
def test_what_was_lost_is_made_again(lost, how, images, out):
    before = (out / lost).read_bytes()
    (out / lost).unlink()
    if how == "empty":
        (out / lost).touch()
    again = edgeseg("predict", MODEL, images, "--out", out, *BOTH, "--pixel-size", "0.5")
    assert "1 image done before" in again.stderr
    assert (out / lost).read_bytes() == before


@pytest.mark.parametrize("option", BOTH)
def test_a_folder_is_of_one_set_of_options(option, images, out):
    left = [each for each in BOTH if each != option]
    name = option.removeprefix("--")
    again = edgeseg("predict", MODEL, images, "--out", out, *left, "--pixel-size", "0.5")
    refused(again, f"with other options ({name} True, not False)")


def test_force_replaces_them_and_leaves_other_files(images, out):
    (out / "rois" / "mine.zip").write_text("mine")
    assert edgeseg("predict", MODEL, images / "one.png", "--out", out, "--force").returncode == 0
    assert [path.name for path in (out / "rois").iterdir()] == ["mine.zip"]
    assert list((out / "geojson").iterdir()) == []
    assert edgeseg("predict", MODEL, images / "one.png", "--out", out, "--geojson", "--force").returncode == 0


@pytest.mark.parametrize("part", ["rois", "geojson"])
def test_force_replaces_nothing_that_the_prediction_did_not_make(part, images, tmp_path):
    assert edgeseg("predict", MODEL, images, "--out", tmp_path / "out").returncode == 0
    (tmp_path / "out" / part).mkdir()
    (tmp_path / "out" / part / "one.zip").write_text("mine")
    again = edgeseg("predict", MODEL, images, "--out", tmp_path / "out", f"--{part}", "--force")
    refused(again, f"{part} in {tmp_path / 'out'} were not made by the prediction there, so --force does not")
    assert (tmp_path / "out" / part / "one.zip").read_text() == "mine"


def test_a_picture_too_long_for_imagej_is_named_and_the_others_done(images, tmp_path):
    cv2.imwrite(str(images / "long.png"), np.zeros((1, 60_536), np.uint8))
    done = edgeseg("predict", MODEL, images, "--out", tmp_path / "out", "--rois")
    assert done.returncode == 2
    assert "long.png is 60536x1; leave out --rois" in done.stderr
    assert "the results of the other 2 are in" in done.stderr
    assert len(list((tmp_path / "out" / "rois").iterdir())) == 2
