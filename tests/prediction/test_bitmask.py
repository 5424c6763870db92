"""Masks in bits give what arrays give."""

import cv2
import numpy as np
import pytest

from edgeseg.prediction import bitmask
from edgeseg.prediction.bitmask import BitMask, empty_mask
from edgeseg.prediction.cells import find_cells
from edgeseg.prediction.output import ResultFolder
from edgeseg.prediction.overlay import draw_overlay


@pytest.fixture
def pair():
    """The same mask as an array and in bits; its width is no multiple of eight."""
    rng = np.random.default_rng(1)
    noise = cv2.GaussianBlur(rng.integers(0, 256, (700, 301), np.uint8), (0, 0), 3)
    plain = np.where(noise > 128, 255, 0).astype(np.uint8)
    bits = BitMask(plain.shape)
    for top in range(0, 700, 190):
        bits[top : top + 190] = plain[top : top + 190]
    return plain, bits


def test_rows_come_back_as_they_went_in(pair):
    plain, bits = pair
    assert bits.shape == plain.shape
    assert np.array_equal(bits[:], plain)
    assert np.array_equal(bits[99:203], plain[99:203])


def test_cells_are_the_same_and_small_ones_go(pair):
    plain, bits = pair
    grey = np.random.default_rng(2).integers(0, 256, plain.shape, np.uint8)
    before = np.count_nonzero(plain)
    one, other = (find_cells(mask, grey, min_area=30, band_pixels=20_000) for mask in (plain, bits))
    assert one == other
    assert np.array_equal(bits[:], plain)
    assert np.count_nonzero(plain) < before


def test_the_written_mask_is_the_same(pair, tmp_path):
    plain, bits = pair
    folder = ResultFolder(tmp_path, (), {}, force=False)
    folder.write_mask("plain", plain)
    folder.write_mask("bits", bits)
    for name in ("plain", "bits"):
        read = cv2.imread(str(tmp_path / "masks" / f"{name}.png"), cv2.IMREAD_UNCHANGED)
        assert read.dtype == np.uint8
        assert np.array_equal(read, plain)


@pytest.mark.parametrize("longest", [4096, 256])
def test_the_overlay_is_the_same_reduced_or_not(longest, pair, monkeypatch):
    monkeypatch.setattr("edgeseg.prediction.overlay.MAX_SIDE", longest)
    plain, bits = pair
    grey = np.random.default_rng(2).integers(0, 256, plain.shape, np.uint8)
    assert np.array_equal(draw_overlay(grey, plain), draw_overlay(grey, bits))


def test_large_masks_are_kept_in_bits(monkeypatch):
    monkeypatch.setattr(bitmask, "LARGE", 99)
    assert isinstance(empty_mask((10, 10)), BitMask)
    assert isinstance(empty_mask((9, 11)), np.ndarray)
