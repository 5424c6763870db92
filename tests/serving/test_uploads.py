"""What is read from the first bytes of an image, and how much is read at all."""

import asyncio
import contextlib
import struct

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeseg.errors import DatasetError
from edgeseg.serving.uploads import TooLargeError, decode_upload, image_size, read_limited


def encoded(suffix, height, width, *, depth=np.uint8, colour=False, options=()):
    shape = (height, width, 3) if colour else (height, width)
    image = np.random.default_rng(0).integers(0, 256, shape).astype(depth)
    return cv2.imencode(suffix, image, options)[1].tobytes()


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
    assert decode_upload(data, "a")[0].shape == (37, 51)


def test_a_tiff_of_the_other_byte_order_is_read():
    entries = b"".join(struct.pack(">HHIHH", tag, 3, 1, value, 0) for tag, value in ((256, 51), (257, 37)))
    assert image_size(b"MM\0*" + struct.pack(">IH", 8, 2) + entries) == (51, 37)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".bmp"])
def test_an_image_of_too_many_pixels_is_refused_whatever_its_kind(suffix):
    with pytest.raises(TooLargeError, match="at most 1,886 pixels, but a has 51x37"):
        decode_upload(encoded(suffix, 37, 51), "a", most=51 * 37 - 1)
    assert decode_upload(encoded(suffix, 37, 51), "a", most=51 * 37)


@given(st.sampled_from([".png", ".jpg", ".tif", ".bmp"]), st.data())
def test_damage_is_an_error_of_its_own_at_worst(suffix, data):
    """Cut anywhere, and one byte changed."""
    whole = bytearray(encoded(suffix, 9, 11))
    whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    kept = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    with contextlib.suppress(DatasetError):
        grey, _ = decode_upload(kept, "a", most=10_000)
        assert grey.dtype == np.uint8
        assert grey.size <= 10_000


async def chunks(sizes, taken):
    for size in sizes:
        taken.append(size)
        yield bytes(size)


@pytest.mark.parametrize("stated", [None, "3", "nonsense"])
def test_reading_ends_when_there_is_too_much_whatever_was_stated(stated):
    taken = []
    with pytest.raises(TooLargeError):
        asyncio.run(read_limited(chunks([4] * 1000, taken), stated, most=10))
    assert taken == [4, 4, 4]


def test_nothing_is_read_of_what_says_that_it_is_too_much():
    taken = []
    with pytest.raises(TooLargeError):
        asyncio.run(read_limited(chunks([4], taken), "11", most=10))
    assert taken == []


def test_the_limit_itself_is_taken():
    assert asyncio.run(read_limited(chunks([4, 6], []), "10", most=10)) == bytes(10)
