"""A new file is proved on all its maps and channels before it is written."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgeseg.errors import CheckError
from edgeseg.model.artifact import Artifact
from edgeseg.model.flatbuffer import parse_model
from edgeseg.model.interface import has_own_scales
from edgeseg.model.recipe import INT8_PTQ
from edgeseg.model.segmenter import Segmenter
from edgeseg.quantizing.layers import make_quantized
from edgeseg.quantizing.ranges import measure_ranges
from edgeseg.verification import accept, describe, refer, verify
from support.network_files import open_network, picture

IMAGES = [picture(3, seed) for seed in range(8)]
#: Fresh weights put many pixels near the threshold.
RECIPE = replace(INT8_PTQ, min_agreement=0.9)


@pytest.fixture(scope="module")
def reference():
    segmenter = Segmenter(open_network("rgb_4maps_float32"))
    masks = [segmenter.mask(image) for image in IMAGES]
    return refer(
        segmenter.invoke, IMAGES, masks, interface=segmenter.interface, model="the float file", split="val",
        stems=[f"image{number}" for number in range(len(IMAGES))],
    )  # fmt: skip


@pytest.fixture(scope="module")
def quantized():
    """Made here from the float file, calibrated on colour images."""
    pytest.importorskip("ai_edge_quantizer", reason="needs the extra quantize")
    data = open_network("rgb_4maps_float32").data
    graph = parse_model(data, name="float")[0]
    images = np.stack(IMAGES)
    images[0, 0, 0], images[0, 0, 1] = 0, 255
    return make_quantized(data, graph, INT8_PTQ, measure_ranges(data, graph, images, name="f"), name="q")


def test_a_file_agrees_with_itself_on_every_map(reference):
    found = verify(open_network("rgb_4maps_float32").data, reference, name="float")
    assert (found.agreement, found.dice_file) == (1, 1)
    assert [each.name for each in found.maps] == ["foreground", "centre", "offset_y", "offset_x"]
    assert max(each.error for each in found.maps) < 1e-3  # the reference is kept in 16 bits


@pytest.mark.parametrize("name", ["quantized here", "rgb_4maps_int8"])
def test_a_quantized_file_of_three_channels_and_four_maps_is_accepted(name, reference, quantized):
    data = quantized if name == "quantized here" else open_network(name).data
    accepted = accept(data, RECIPE, reference, name="int8")
    assert accepted.verification.agreement > 0.9
    assert max(each.error for each in accepted.verification.maps) < 0.02
    assert has_own_scales(accepted.interface)
    assert accepted.interface.channels == 3
    assert [each.meaning for each in accepted.interface.maps] == [
        each.meaning for each in reference.interface.maps
    ]


def test_a_map_that_was_lost_is_named(reference):
    """The masks agree, but two maps have changed places."""
    maps = reference.interface.maps
    swapped = replace(
        reference,
        interface=replace(
            reference.interface,
            maps=(maps[0], replace(maps[1], channel=2), replace(maps[2], channel=1), maps[3]),
        ),
    )
    data = open_network("rgb_4maps_int8").data
    assert verify(data, swapped, name="int8").agreement > 0.9
    with pytest.raises(CheckError, match=r"the map 'centre' of int8 is 0\.\d+ from that of the float file"):
        accept(data, RECIPE, swapped, name="int8")


def test_the_sidecar_states_the_interface_that_the_file_has(reference, tmp_path):
    from edgeseg.model.artifact import load_artifact, save_artifact
    from edgeseg.model.preprocessing import Preprocessing

    data = open_network("rgb_4maps_int8").data
    path = tmp_path / "cells.tflite"
    accepted = accept(data, RECIPE, reference, name=path.name)
    facts = describe(path, data, RECIPE, accepted, calibration=None, preprocessing=Preprocessing())
    saved = save_artifact(path, data, facts)
    assert load_artifact(path).sidecar == facts
    assert saved.find_interface() == accepted.interface
    for one, two in zip(
        Segmenter(saved).invoke(IMAGES[0]),
        Segmenter(Artifact(path=Path("m"), data=data, interface=reference.interface)).invoke(IMAGES[0]),
        strict=True,
    ):
        assert np.array_equal(one, two)
