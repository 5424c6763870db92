"""Networks of several channels and maps, of other scales and types: small files made by `models/make.py`."""

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from edgeseg.errors import ArtifactError, DatasetError
from edgeseg.model.artifact import Artifact, load_artifact
from edgeseg.model.encoding import real_maps, to_real
from edgeseg.model.interface import MapTensor, Meaning, float_interface
from edgeseg.model.runtimes.registry import RUNTIMES
from edgeseg.model.segmenter import Segmenter
from support.network_files import CELL_MAPS, FILES, open_network, picture

HERE = [name for name, each in RUNTIMES.items() if find_spec(each.distribution.replace("-", "_"))]


@pytest.mark.parametrize("runtime", HERE)
@pytest.mark.parametrize("pair", [("rgb_4maps", 3), ("grey_2outputs", 1)])
def test_integer_and_float_files_give_the_same_maps_in_every_runtime(pair, runtime):
    name, channels = pair
    files = [open_network(f"{name}_{kind}") for kind in ("float32", "int8")]
    image = picture(channels)
    first = Segmenter(files[0])
    expected = real_maps(first.invoke(image), first.interface)
    assert 0.05 < expected.mean() < 0.95
    assert not np.allclose(expected[0], expected[1], atol=0.1)  # the order of the maps would be seen
    for file in files:
        segmenter = Segmenter(file, runtime=runtime)
        found = real_maps(segmenter.invoke(image), segmenter.interface)
        assert found.shape == (len(segmenter.interface.maps), 32, 32)
        assert np.abs(found - expected).mean() < 0.02


def test_the_mask_is_that_of_the_foreground_map():
    segmenter = Segmenter(open_network("rgb_4maps_int8"))
    image = picture(3)
    foreground = segmenter.interface.maps[0]
    found = to_real(segmenter.invoke(image)[0], foreground.quantization)
    assert np.array_equal(segmenter.mask(image), found > 0.5)
    assert np.array_equal(segmenter.probability(image), found)
    assert 0 < segmenter.mask(image).mean() < 1


def test_maps_are_found_where_the_interface_says():
    """The same file with its maps named in the reverse order."""
    backwards = tuple(replace(each, channel=3 - each.channel) for each in CELL_MAPS)
    usual = open_network("rgb_4maps_int8")
    artifact = replace(usual, interface=replace(usual.interface, maps=backwards))
    one, other = Segmenter(usual), Segmenter(artifact)
    for mine, its in zip(one.invoke(picture(3)), reversed(other.invoke(picture(3))), strict=True):
        assert np.array_equal(mine, its)


def test_classes_of_a_file_without_a_sidecar_are_decided_by_the_largest():
    segmenter = Segmenter(load_artifact(FILES / "grey_3classes_int8.tflite"))
    maps = segmenter.invoke(picture(1))
    assert np.array_equal(segmenter.mask(picture(1)), np.argmax(np.stack(maps), axis=0) != 0)
    assert np.abs(real_maps(maps, segmenter.interface).sum(axis=0) - 1).max() < 0.02


def test_int8_and_uint8_from_black_as_minus_one_agree():
    """The two files are one network; its black is -1."""
    one, other = (Segmenter(load_artifact(FILES / f"signed_{kind}.tflite")) for kind in ("int8", "uint8"))
    assert (one.interface.input.low, other.interface.input.low) == (-1, -1)
    for seed in range(5):
        image = picture(1, seed)
        assert np.array_equal(one.probability(image), other.probability(image))


def test_black_as_minus_one_is_not_black_as_zero():
    """The file says so by its scale; taken for another one it would answer otherwise."""
    right = Segmenter(load_artifact(FILES / "signed_int8.tflite"))
    wrong = Segmenter(replace(load_artifact(FILES / "signed_int8.tflite"), interface=float_interface(32, 32)))
    assert not np.array_equal(right.probability(picture(1)), wrong.probability(picture(1)))


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("logits_int8", r"expected a probability from 0 to 1 as its output, but its int8 output goes from"),
        ("odd_input_int8", r"cannot tell what black and white are for .*odd_input_int8\.tflite"),
    ],
)
def test_what_cannot_be_known_is_refused(name, sentence):
    with pytest.raises(ArtifactError, match=sentence):
        Segmenter(load_artifact(FILES / f"{name}.tflite"))


def test_grey_images_are_refused_by_a_colour_network():
    segmenter = Segmenter(open_network("rgb_4maps_int8"))
    with pytest.raises(DatasetError, match="expected an image of 3 channels, but got a grey one"):
        segmenter.mask(picture(1))


def test_an_interface_of_more_maps_than_the_file_has_is_refused():
    more = MapTensor(name="more", meaning=Meaning.CLASS, channel=4)
    stated = float_interface(32, 32, channels=3, maps=(*CELL_MAPS, more))
    data = (FILES / "rgb_4maps_int8.tflite").read_bytes()
    with pytest.raises(ArtifactError, match="expected the map 'more' in channel 4 of output 0 of net"):
        Segmenter(Artifact(path=Path("net"), data=data, interface=stated))
