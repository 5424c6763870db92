"""What the names and the first bytes of image files tell, and what people are told of formats."""

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgeseg.data.image_formats import FORMATS, SUFFIXES, image_size, is_image, listed, one_of
from edgeseg.data.images import decode_image
from support.blob_images import encoded
from support.paths import ROOT


def test_no_two_formats_share_a_name_a_suffix_or_a_signature():
    names = [each.name for each in FORMATS]
    signatures = [each for one in FORMATS for each in one.signatures]
    assert len(set(names)) == len(names)
    assert len(set(SUFFIXES)) == len(SUFFIXES)
    assert not any(a != b and a.startswith(b) for a in signatures for b in signatures)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_of_each_suffix_is_known_by_its_name_and_decoded(suffix):
    assert is_image(Path(f"A{suffix.upper()}"))
    assert not is_image(Path(f".a{suffix}"))
    data = encoded(suffix, 37, 51)
    assert image_size(data) == (51, 37)
    assert decode_image(data, "a").shape == (37, 51)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_header_that_is_cut_has_no_size(suffix):
    signature = next(each for one in FORMATS if suffix in one.suffixes for each in one.signatures)
    assert image_size(signature) is None


def test_what_is_none_of_them_has_no_size():
    assert image_size(b"GIF89a" + bytes(20)) is None


def test_the_page_on_data_names_every_format():
    page = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    assert listed() in page
    assert one_of().endswith(f" or {FORMATS[-1].name}")


@pytest.mark.parametrize(
    "data",
    [
        encoded(".png", 37, 51),
        encoded(".png", 37, 51, depth=np.uint16, colour=True),
        encoded(".jpg", 37, 51),
        encoded(".jpg", 37, 51, colour=True, options=(cv2.IMWRITE_JPEG_PROGRESSIVE, 1)),
        encoded(".tif", 37, 51),
        encoded(".tif", 37, 51, depth=np.uint16),
        encoded(".bmp", 37, 51, colour=True),
    ],
)
def test_the_size_in_the_header_is_that_of_the_picture(data):
    assert image_size(data) == (51, 37)
    assert decode_image(data, "a").shape[:2] == (37, 51)


def test_a_tiff_of_the_other_byte_order_is_read():
    entries = b"".join(struct.pack(">HHIHH", tag, 3, 1, value, 0) for tag, value in ((256, 51), (257, 37)))
    assert image_size(b"MM\0*" + struct.pack(">IH", 8, 2) + entries) == (51, 37)
