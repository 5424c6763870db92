"""Labels as TIFF: read back by tifffile and OpenCV, with the size of a pixel."""

import io

import cv2
import numpy as np
import pytest
import tifffile

from edgeseg.labels.label_rows import PackedLabels, pack
from edgeseg.labels.runs import find_runs
from edgeseg.prediction import label_tiff
from edgeseg.prediction.label_tiff import encode_labels


def labels_of(cells, shape=(70, 45)):
    blocks = np.random.default_rng(cells).integers(
        0, cells + 1, (-(-shape[0] // 5), -(-shape[1] // 5)), np.int32
    )
    labels = np.repeat(np.repeat(blocks, 5, axis=0), 5, axis=1)[: shape[0], : shape[1]]
    labels[0, 0] = cells
    return np.ascontiguousarray(labels)


def page_of(data):
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        (page,) = file.pages
        return page.asarray(), page, file.imagej_metadata


@pytest.mark.parametrize("strip_pixels", [1, 200, 2**17])
@pytest.mark.parametrize(
    ("cells", "kind"), [(0, np.uint16), (9, np.uint16), (65_535, np.uint16), (65_536, np.uint32)]
)
def test_every_pixel_comes_back(cells, kind, strip_pixels, monkeypatch):
    monkeypatch.setattr(label_tiff, "_STRIP_PIXELS", strip_pixels)
    labels = labels_of(cells)
    data = encode_labels(labels, cells, None)
    found, page, _ = page_of(data)
    assert found.dtype == kind
    assert np.array_equal(found, labels)
    assert page.compression == tifffile.COMPRESSION.ADOBE_DEFLATE
    assert np.array_equal(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED), labels)


def test_packed_labels_give_the_same_bytes():
    labels = labels_of(30)
    table = np.arange(31, dtype=np.int32)
    parts = [pack(find_runs(labels[top : top + 35])) for top in (0, 35)]
    assert encode_labels(PackedLabels(45, parts, [35, 35], table), 30, 0.5) == encode_labels(labels, 30, 0.5)


@pytest.mark.parametrize("cells", [3, 70_000])
@pytest.mark.parametrize("pixel_size", [0.1, 0.65, 1 / 3, 12.5])
def test_the_size_of_a_pixel_is_there_for_imagej_and_for_all_others(cells, pixel_size):
    """ImageJ takes centimetres for micrometres, ten thousand of them, where its description says "um"."""
    _, page, described = page_of(encode_labels(labels_of(cells), cells, pixel_size))
    assert page.resolutionunit == tifffile.RESUNIT.CENTIMETER
    assert page.resolution == pytest.approx((10_000 / pixel_size,) * 2, rel=1e-5)
    assert described["unit"] == "um"


def test_where_the_size_of_a_pixel_is_unknown_none_is_stated():
    _, page, described = page_of(encode_labels(labels_of(3), 3, None))
    assert page.resolutionunit == tifffile.RESUNIT.NONE
    assert page.resolution == (1, 1)
    assert "unit" not in described
