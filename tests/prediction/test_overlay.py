"""The picture of an image with its cells."""

import numpy as np

from edgeseg.prediction import overlay


def square():
    grey, mask = np.full((40, 50), 100, np.uint8), np.zeros((40, 50), np.uint8)
    mask[10:20, 15:30] = 255
    return grey, mask


def test_the_background_stays_grey():
    grey, mask = square()
    picture = overlay.draw_overlay(grey, mask)
    assert picture.shape == (40, 50, 3)
    assert (picture[mask == 0] == 100).all()


def test_the_rim_has_the_colour_and_the_inside_a_tint():
    grey, mask = square()
    picture = overlay.draw_overlay(grey, mask)
    assert tuple(picture[10, 15]) == tuple(picture[19, 22]) == overlay.COLOUR
    tint = [round(100 + overlay.TINT * (colour - 100)) for colour in overlay.COLOUR]
    assert picture[11:19, 16:29].reshape(-1, 3).tolist() == [tint] * (8 * 13)


def test_a_cell_cut_by_the_border_has_no_outline_there():
    grey, mask = np.zeros((9, 9), np.uint8), np.full((9, 9), 255, np.uint8)
    assert not (overlay.draw_overlay(grey, mask) == overlay.COLOUR).all(axis=2).any()


def test_bands_leave_no_trace(monkeypatch):
    rng = np.random.default_rng(0)
    grey = rng.integers(0, 256, (70, 33), np.uint8)
    mask = (rng.random((70, 33)) > 0.3).astype(np.uint8) * np.uint8(255)
    whole = overlay.draw_overlay(grey, mask)
    monkeypatch.setattr(overlay, "_BAND_ROWS", 7)
    assert np.array_equal(overlay.draw_overlay(grey, mask), whole)


def test_a_large_image_is_reduced_by_a_whole_factor():
    grey, mask = (
        np.zeros((100, overlay.MAX_SIDE + 2), np.uint8),
        np.zeros((100, overlay.MAX_SIDE + 2), np.uint8),
    )
    assert overlay.draw_overlay(grey, mask).shape == (50, overlay.MAX_SIDE // 2 + 1, 3)
