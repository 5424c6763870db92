"""The compressed container: what goes in comes out, and nothing else comes out of anything."""

import lzma
import shutil
import subprocess

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeseg.errors import ArtifactError
from edgeseg.model import xz
from edgeseg.model.xz import pack, unpack

CONTENT = np.random.default_rng(0).integers(0, 4, 5000).astype(np.uint8).tobytes()
PACKED = pack(CONTENT)


@given(st.binary(max_size=3000))
def test_what_goes_in_comes_out(data):
    assert unpack(pack(data), name="m") == data
    assert unpack(pack(data), name="m", expected=len(data)) == data


@pytest.mark.skipif(not shutil.which("xz"), reason="xz is not installed")
def test_the_tool_of_every_linux_unpacks_it():
    done = subprocess.run(["xz", "-dc"], input=PACKED, stdout=subprocess.PIPE, check=True)
    assert done.stdout == CONTENT


@pytest.mark.parametrize("preset", [0, 6, 9])
def test_a_file_that_xz_made_is_unpacked(preset):
    assert unpack(lzma.compress(CONTENT, preset=preset), name="m") == CONTENT


def test_zeros_among_floats_cost_next_to_nothing():
    weights = np.random.default_rng(0).normal(size=100_000).astype(np.float32)
    weights[np.random.default_rng(1).random(weights.size) < 0.9] = 0
    packed = pack(weights.tobytes())
    assert len(packed) < 0.13 * weights.nbytes
    assert len(packed) < len(lzma.compress(weights.tobytes(), preset=9))


def test_the_window_is_no_larger_than_the_content():
    """The property that bounds the memory of a small device: a decoder of 64 kB more will do."""
    decoder = lzma.LZMADecompressor(memlimit=2**20)
    assert decoder.decompress(pack(bytes(500_000))) == bytes(500_000)


@given(st.integers(0, len(PACKED) - 1))
def test_a_file_that_was_cut_off_is_refused(length):
    with pytest.raises(ArtifactError, match=r"m\.xz was cut off|in m\.xz, but it is none"):
        unpack(PACKED[:length], name="m.xz", expected=len(CONTENT))


@given(st.integers(0, len(PACKED) - 1), st.integers(1, 255))
def test_a_flipped_byte_is_found_without_a_sidecar(position, flip):
    packed = bytearray(PACKED)
    packed[position] ^= flip
    with pytest.raises(ArtifactError):
        unpack(bytes(packed), name="m.xz")


@pytest.mark.parametrize("tail", [b"x", bytes(4), pack(b"another")])
def test_what_follows_the_end_is_refused(tail):
    with pytest.raises(ArtifactError, match=rf"goes on for {len(tail)} bytes after its end"):
        unpack(PACKED + tail, name="m.xz")


def test_more_than_the_sidecar_states_is_not_unpacked():
    with pytest.raises(ArtifactError, match="more than the 4,999 bytes that its sidecar states"):
        unpack(PACKED, name="m.xz", expected=4999)


@pytest.mark.parametrize("expected", [None, 10**12])
def test_a_bomb_is_not_unpacked(expected, monkeypatch):
    """A few hundred bytes that stand for a megabyte, whatever the sidecar says; the bound is lowered."""
    monkeypatch.setattr(xz, "MOST_BYTES", 10**5)
    with pytest.raises(ArtifactError, match="more than the 100,000 bytes that a model may have"):
        unpack(pack(bytes(2**20)), name="m.xz", expected=expected)


def test_a_window_of_a_gigabyte_is_not_allocated():
    greedy = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 2**30}]
    with pytest.raises(ArtifactError, match=r"cannot be unpacked \(memory usage limit exceeded\)"):
        unpack(lzma.compress(CONTENT, filters=greedy), name="m.xz")


@pytest.mark.parametrize("data", [b"hello", CONTENT, lzma.compress(b"old", format=lzma.FORMAT_ALONE)])
def test_what_is_no_container_is_refused(data):
    with pytest.raises(ArtifactError, match=r"expected an \.xz container in m\.xz, but it is none"):
        unpack(data, name="m.xz")
