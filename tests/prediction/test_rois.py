"""ImageJ's regions of interest, read back."""

import io
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from roifile import ROI_TYPE, ImagejRoi

from edgeseg.errors import DatasetError
from edgeseg.labels.outlines import trace_outlines
from edgeseg.labels.regions import measure_cells
from edgeseg.prediction.rois import MAX_SIDE, check_size, encode_rois
from support.label_images import LABELS, discs, filled, grey_for


def rois_of(labels, **options):
    data = encode_rois(trace_outlines(labels, measure_cells(labels, grey_for(labels))), **options)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: ImagejRoi.frombytes(archive.read(name)) for name in archive.namelist()}


def rings(roi):
    return [np.asarray(ring, np.int64) for ring in roi.coordinates(multi=True)]


@settings(max_examples=50)
@given(LABELS)
def test_every_cell_comes_back_to_the_pixel_under_its_number(labels):
    rois = rois_of(labels)
    assert set(rois) == {f"{number}.roi" for number in set(labels.ravel().tolist()) - {0}}
    for name, roi in rois.items():
        assert f"{roi.name}.roi" == name
        assert np.array_equal(filled(rings(roi), labels.shape), labels == int(roi.name))


@settings(max_examples=50)
@given(LABELS)
def test_the_bounds_are_those_of_the_cell(labels):
    for roi in rois_of(labels).values():
        rows, columns = np.nonzero(labels == int(roi.name))
        assert (roi.top, roi.left) == (rows.min(), columns.min())
        assert (roi.bottom, roi.right) == (rows.max() + 1, columns.max() + 1)


def test_a_cell_of_one_ring_is_traced_and_one_with_a_hole_composite():
    labels = np.zeros((5, 9), np.int32)
    labels[1:4, 1:4], labels[1:4, 5:8], labels[2, 6] = 1, 2, 0
    traced, composite = rois_of(labels).values()
    assert (traced.roitype, traced.composite) == (ROI_TYPE.TRACED, False)
    assert (composite.roitype, composite.composite) == (ROI_TYPE.RECT, True)


def test_a_picture_of_a_stack_has_its_position():
    labels = np.ones((3, 3), np.int32)
    assert [roi.position for roi in rois_of(labels, position=7).values()] == [7]
    assert [roi.position for roi in rois_of(labels).values()] == [0]


def test_coordinates_beyond_15_bits_come_back():
    labels = np.zeros((2, MAX_SIDE), np.int32)
    labels[:, -3:] = 1
    (roi,) = rois_of(labels).values()
    assert np.array_equal(filled(rings(roi), labels.shape), labels == 1)


def test_the_same_cells_make_the_same_bytes():
    labels = discs(count=20, size=100, radius=15)
    one, other = (
        encode_rois(trace_outlines(labels, measure_cells(labels, grey_for(labels)))) for _ in range(2)
    )
    assert one == other


def test_no_cells_are_an_empty_zip():
    assert rois_of(np.zeros((4, 4), np.int32)) == {}


def test_a_picture_too_long_for_the_format_is_refused():
    check_size(MAX_SIDE, 10, "long.png")
    with pytest.raises(DatasetError, match=r"long\.png is 10x60536; leave out --rois"):
        check_size(MAX_SIDE + 1, 10, "long.png")
