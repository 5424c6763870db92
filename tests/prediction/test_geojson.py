"""GeoJSON for QuPath, read back."""

import json

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from shapely.geometry import shape

from edgeseg.labels.outlines import trace_outlines
from edgeseg.labels.regions import measure_cells
from edgeseg.prediction.geojson import geojson
from support.label_images import LABELS, grey_for


def features_of(labels, pixel_size=None):
    cells = measure_cells(labels, grey_for(labels))
    found = json.loads(b"".join(geojson(trace_outlines(labels, cells), cells, pixel_size)))
    assert found.keys() == {"type", "features"}
    assert found["type"] == "FeatureCollection"
    return found["features"]


@settings(max_examples=50)
@given(LABELS)
def test_every_cell_comes_back_to_the_pixel_under_its_number(labels):
    features = features_of(labels)
    numbers = sorted(set(labels.ravel().tolist()) - {0})
    assert [feature["properties"]["name"] for feature in features] == list(map(str, numbers))
    rows, columns = np.indices(labels.shape) + 0.5
    for number, feature in zip(numbers, features, strict=True):
        outline = shape(feature["geometry"])
        assert outline.is_valid
        assert np.array_equal(shapely.contains_xy(outline, columns, rows), labels == number)


@pytest.fixture
def ring():
    """A ring of 8 pixels, and a pixel by itself."""
    labels = np.zeros((6, 9), np.int32)
    labels[1:4, 2:5], labels[2, 3], labels[5, 8] = 1, 0, 2
    return labels


def test_what_qupath_reads(ring):
    ring_feature, dot = features_of(ring)
    assert ring_feature["type"] == "Feature"
    assert ring_feature["properties"]["objectType"] == "detection"
    assert dot["geometry"] == {
        "type": "Polygon",
        "coordinates": [[[8, 5], [9, 5], [9, 6], [8, 6], [8, 5]]],
    }
    assert len(ring_feature["geometry"]["coordinates"]) == 2


def test_measures_have_the_names_and_values_of_the_table(ring):
    measures = features_of(ring)[0]["properties"]["measurements"]
    assert measures["area_px"] == 8
    assert measures["centroid_x_px"] == 3
    assert measures["touches_border"] == 0


def test_with_a_pixel_size_measures_are_in_micrometres_and_outlines_in_pixels(ring):
    (plain, *_), (scaled, *_) = features_of(ring), features_of(ring, 0.5)
    assert scaled["properties"]["measurements"]["area_um2"] == 2
    assert scaled["properties"]["measurements"]["centroid_x_um"] == 1.5
    assert scaled["geometry"] == plain["geometry"]


def test_what_is_not_defined_is_left_out(ring):
    measures = features_of(ring)[1]["properties"]["measurements"]
    assert measures["perimeter_px"] == 0
    assert "circularity" not in measures
    assert measures["touches_border"] == 1


def test_no_cells_are_an_empty_collection():
    assert features_of(np.zeros((4, 4), np.int32)) == []
