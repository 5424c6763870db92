"""Tiles cover an image exactly once, and their seams do not show."""

import functools
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeseg.errors import ConfigError
from edgeseg.model.artifact import load_artifact
from edgeseg.model.runtimes.registry import find_runtime
from edgeseg.model.segmenter import Segmenter
from edgeseg.prediction import tiling
from support.blob_images import drawn_blobs
from support.network_files import open_network, picture
from support.paths import MODELS


def large_blobs():
    """1024x1024 pixels, put together from sixteen images since drawing one takes long."""
    parts = [[drawn_blobs(256, 256, seed=4 * row + column) for column in range(4)] for row in range(4)]
    return tuple(np.block([[part[index] for part in row] for row in parts]) for index in range(2))


def untiled(artifact, image):
    """The network's answer to the whole image at once: its input resized, no tile anywhere."""
    interpreter = find_runtime().module.Interpreter(model_content=artifact.data, num_threads=1)
    details = interpreter.get_input_details()[0]
    interpreter.resize_tensor_input(details["index"], (1, *image.shape, 1))
    interpreter.allocate_tensors()
    if details["dtype"] == np.int8:
        prepared = (image.astype(np.int16) - 128).astype(np.int8)
    else:
        prepared = image.astype(np.float32) / 255
    interpreter.set_tensor(details["index"], prepared[None, :, :, None])
    interpreter.invoke()
    output = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0, :, :, 0]
    return output > (0 if output.dtype == np.int8 else 0.5)


@pytest.fixture(scope="module")
def segmenter():
    return Segmenter(load_artifact(MODELS / "blobs_int8.tflite"))


SIDES = st.sampled_from([16, 32, 48, 64, 96, 240, 256])


def aligned(side):
    """What tiles start at multiples of: small ones at their halves, since they need neighbours too."""
    step = np.gcd(side, tiling.ALIGNMENT)
    return step if step < side else side // 2


@given(length=st.integers(1, 3000), side=SIDES, share=st.floats(0, 1))
def test_spans_cover_every_pixel_exactly_once(length, side, share):
    overlap = int(share * (side - aligned(side)))
    found = tiling.spans(length, side, overlap)
    covered = [pixel for span in found for pixel in range(span.start, span.stop)]
    assert covered == list(range(length))


@given(length=st.integers(1, 3000), side=SIDES, share=st.floats(0, 1))
def test_spans_keep_their_promises(length, side, share):
    """Aligned, inside the tile, with the overlap asked for, and hardly beyond the image."""
    step = aligned(side)
    overlap = int(share * (side - step))
    found = tiling.spans(length, side, overlap)
    assert all(span.origin % step == 0 for span in found)
    assert all(span.origin <= span.start < span.stop <= span.origin + side for span in found)
    assert all(left.origin + side - right.origin >= overlap for left, right in itertools.pairwise(found))
    assert found[0].origin == 0
    assert found[-1].origin + side - length < max(step, side - length + 1)
    for left, right in itertools.pairwise(found):
        assert left.origin + side - left.stop >= overlap // 2
        assert right.start - right.origin >= overlap // 2


def test_an_image_of_the_tile_size_is_one_tile():
    assert tiling.spans(256, 256, 96) == [tiling.Span(origin=0, start=0, stop=256)]


def test_an_image_of_four_tiles_spreads_them_evenly():
    assert [span.origin for span in tiling.spans(1024, 256, 96)] == [0, 128, 288, 448, 608, 768]


@pytest.mark.parametrize("name", ["float32", "int8"])
def test_tiled_and_untiled_agree_on_999_of_1000_pixels(name):
    """A trained network on 1024x1024 pixels, 32 pixels of border apart."""
    artifact = load_artifact(MODELS / f"blobs_{name}.tflite")
    image, truth = large_blobs()
    whole = untiled(artifact, image)
    tiled = tiling.segment(image, Segmenter(artifact)) > 0
    inner = np.s_[32:-32, 32:-32]
    assert np.mean(whole[inner] == (truth > 0)[inner]) > 0.98  # the reference itself is worth something
    assert np.mean(tiled[inner] == whole[inner]) >= 0.999


def test_without_overlap_seams_would_show():
    """The comparison above can fail: with tiles side by side it does."""
    artifact = load_artifact(MODELS / "blobs_int8.tflite")
    image, _ = large_blobs()
    tiled = tiling.segment(image, Segmenter(artifact), overlap=0) > 0
    assert np.mean(tiled == untiled(artifact, image)) < 0.999


def test_an_image_of_the_tile_size_is_exactly_one_plain_invoke(segmenter):
    image, _ = drawn_blobs(64, 64)
    mask = tiling.segment(image, segmenter)
    assert mask.dtype == np.uint8
    assert np.array_equal(mask, np.where(segmenter.mask(image), 255, 0))


@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 64), (5, 3), (40, 63), (64, 65), (65, 64), (150, 70), (97, 200)]
)
def test_any_size_comes_back_in_its_own_size(segmenter, shape):
    mask = tiling.segment(drawn_blobs(*shape)[0], segmenter)
    assert mask.shape == shape
    assert set(np.unique(mask)) <= {0, 255}


def test_a_small_image_is_mirrored_and_cropped_back(segmenter):
    image, _ = drawn_blobs(40, 50)
    mirrored = np.pad(image, ((0, 24), (0, 14)), mode="reflect")
    assert np.array_equal(tiling.segment(image, segmenter) > 0, segmenter.mask(mirrored)[:40, :50])


@pytest.mark.parametrize("shape", [(200, 147), (61, 300), (129, 65)])
def test_blobs_are_found_in_odd_sizes(segmenter, shape):
    image, truth = drawn_blobs(*shape, seed=3)
    found = tiling.segment(image, segmenter)
    assert 2 * np.count_nonzero(found & truth) / (np.count_nonzero(found) + np.count_nonzero(truth)) > 0.95


def test_progress_counts_the_tiles(segmenter):
    calls = []
    tiling.segment(drawn_blobs(100, 130)[0], segmenter, progress=lambda *each: calls.append(each[:2]))
    assert calls == [(done, 12) for done in range(1, 13)]


@pytest.mark.parametrize("overlap", [-1, 33, 64, 1000])
def test_an_overlap_that_does_not_fit_is_refused(segmenter, overlap):
    with pytest.raises(
        ConfigError, match=f"overlap from 0 to 32 pixels for tiles of 64x64, but got {overlap}"
    ):
        tiling.segment(drawn_blobs(64, 64)[0], segmenter, overlap=overlap)


@pytest.mark.parametrize("side", [16, 32, 48, 64, 256])
def test_the_default_overlap_fits_every_tile(side):
    tiling.check_overlap(tiling.default_overlap((side, side)), (side, side))


NETWORKS = [("rgb_4maps_int8", 3), ("rgb_4maps_float32", 3), ("grey_2outputs_int8", 1)]


@pytest.mark.parametrize(("name", "channels"), NETWORKS)
def test_the_maps_of_an_image_of_a_tiles_size_are_the_networks(name, channels):
    segmenter, image = Segmenter(open_network(name)), picture(channels)
    for whole, tile in zip(tiling.segment_maps(image, segmenter), segmenter.invoke(image), strict=True):
        assert whole.dtype == tile.dtype
        assert np.array_equal(whole, tile)


@pytest.mark.parametrize(("name", "channels"), NETWORKS)
@given(height=st.integers(1, 90), width=st.integers(1, 90), overlap=st.sampled_from((0, 8, 16)))
@settings(max_examples=10, deadline=None)
def test_the_mask_of_an_image_is_that_of_its_maps(name, channels, height, width, overlap):
    segmenter, image = network(name), picture(channels, size=(height, width))
    maps = tiling.segment_maps(image, segmenter, overlap=overlap)
    assert [each.shape for each in maps] == [(height, width)] * len(segmenter.interface.maps)
    mask = tiling.segment(image, segmenter, overlap=overlap)
    assert np.array_equal(mask > 0, segmenter.decode(maps))


@functools.cache
def network(name):
    return Segmenter(open_network(name))
