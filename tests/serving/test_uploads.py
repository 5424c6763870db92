"""What is read from the first bytes of an image, and how much is read at all."""

import asyncio
import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeseg.data.image_formats import SUFFIXES
from edgeseg.errors import DatasetError
from edgeseg.serving.uploads import TooLargeError, decode_upload, read_limited
from support.blob_images import encoded


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_image_of_too_many_pixels_is_refused_whatever_its_kind(suffix):
    with pytest.raises(TooLargeError, match="at most 1,886 pixels, but a has 51x37"):
        decode_upload(encoded(suffix, 37, 51), "a", most=51 * 37 - 1)
    assert decode_upload(encoded(suffix, 37, 51), "a", most=51 * 37)


@given(st.sampled_from(SUFFIXES), st.data())
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
