"""A new file is proved on all its maps and channels before it is written."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from edgeseg.cli import app
from edgeseg.errors import CheckError
from edgeseg.model.artifact import Artifact
from edgeseg.model.flatbuffer import parse_model
from edgeseg.model.interface import Decoder, has_own_scales
from edgeseg.model.lean import LeanFile
from edgeseg.model.recipe import FLOAT32, INT8_PTQ
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
    accepted = accept(LeanFile(data, ()), RECIPE, reference, name="int8")
    assert accepted.verification.agreement > 0.9
    assert max(each.error for each in accepted.verification.maps) < 0.02
    assert has_own_scales(accepted.interface)
    assert accepted.interface.channels == 3
    assert [each.meaning for each in accepted.interface.maps] == [
        each.meaning for each in reference.interface.maps
    ]


def test_cells_are_matched_with_those_of_the_reference(reference):
    found = verify(open_network("rgb_4maps_float32").data, reference, name="float").cells
    assert found.f1 == 1
    assert found.reference == found.file == sum(_large(labels) for labels in reference.cells) > len(IMAGES)


def _large(labels):
    return int((np.bincount(labels[labels > 0]) >= 16).sum())


def test_a_network_without_centres_has_no_cells_to_match(reference):
    maps = reference.interface.maps[:1]
    alone = replace(reference.interface, maps=maps, decoder=Decoder())
    segmenter = Segmenter(replace(open_network("rgb_4maps_float32"), interface=alone))
    again = refer(
        segmenter.invoke, IMAGES, reference.truths, interface=segmenter.interface, model="it", split="val",
        stems=reference.stems,
    )  # fmt: skip
    assert verify(open_network("rgb_4maps_float32").data, again, name="float").cells is None


@pytest.mark.parametrize(("agreement", "least"), [(0.999, "0.990"), (0.99, "0.900"), (0.96, "0.600")])
def test_a_file_that_finds_other_cells_is_refused(agreement, least, reference):
    """The reference took all that it found for one cell: masks and maps agree."""
    united = replace(reference, cells=[(labels > 0).astype(np.int32) for labels in reference.cells])
    data, recipe = open_network("rgb_4maps_float32").data, replace(FLOAT32, min_agreement=agreement)
    with pytest.raises(
        CheckError, match=rf"float finds other cells than the float file: \d+ instead of 8, .*least {least}"
    ):
        accept(LeanFile(data, ()), recipe, united, name="float")
    less = replace(recipe, min_agreement=0.9)
    assert accept(LeanFile(data, ()), less, united, name="float").verification.cells.f1 < 0.6


def test_one_cell_that_is_split_is_no_reason_however_few_there_are(reference):
    """One image: the file finds one cell more."""
    cells = reference.cells[0].copy()
    first, second = np.flatnonzero(np.bincount(cells[cells > 0]) >= 16)[:2]
    cells[cells == second] = first
    few = replace(
        reference, stems=reference.stems[:1], images=IMAGES[:1], truths=reference.truths[:1],
        predictions=reference.predictions[:1], maps=reference.maps[:1], cells=[cells],
    )  # fmt: skip
    made = LeanFile(open_network("rgb_4maps_float32").data, ())
    found = accept(made, FLOAT32, few, name="float").verification.cells
    assert found.file == found.reference + 1
    assert found.f1 < 0.999


def test_offsets_off_the_foreground_have_no_meaning(reference):
    def spoilt(where):
        """Maps of the reference with their offsets turned round, there."""
        maps = [each.copy() for each in reference.maps]
        for each, mask in zip(maps, reference.predictions, strict=True):
            each[2:, mask if where == "on" else ~mask] += 0.5
        return replace(reference, maps=maps)

    data = open_network("rgb_4maps_float32").data
    on, off = (verify(data, spoilt(where), name="float").maps for where in ("on", "off"))
    assert [round(each.error, 3) for each in off] == [0, 0, 0, 0]
    assert [round(each.error, 3) for each in on] == [0, 0, 0.5, 0.5]


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
        accept(LeanFile(data, ()), RECIPE, swapped, name="int8")


def test_the_sidecar_states_the_interface_that_the_file_has(reference, tmp_path):
    from edgeseg.model.artifact import load_artifact, save_artifact
    from edgeseg.model.preprocessing import Preprocessing

    data = open_network("rgb_4maps_int8").data
    path = tmp_path / "cells.tflite"
    accepted = accept(LeanFile(data, ()), RECIPE, reference, name=path.name)
    facts = describe(
        path, LeanFile(data, ()), RECIPE, accepted, calibration=None, preprocessing=Preprocessing()
    )
    saved = save_artifact(path, data, facts)
    assert load_artifact(path).sidecar == facts
    page = CliRunner().invoke(app, ["inspect", str(path)]).stdout
    cells = accepted.verification.cells
    assert "gives       foreground, centre, offset_y, offset_x (above 0.5, grouped by centres)" in page
    assert re.search(r"verified    \d\d\.\d\d% of mask pixels as the float file on 8 images of val; ", page)
    assert f"; {cells.file} cells instead of {cells.reference}, F1 between them {cells.f1:.3f}\n" in page
    stated = json.loads(CliRunner().invoke(app, ["inspect", str(path), "--json"]).stdout)["verification"]
    assert stated["cells"] == {"reference": cells.reference, "file": cells.file, "f1": cells.f1}
    assert saved.find_interface() == accepted.interface
    for one, two in zip(
        Segmenter(saved).invoke(IMAGES[0]),
        Segmenter(Artifact(path=Path("m"), data=data, interface=reference.interface)).invoke(IMAGES[0]),
        strict=True,
    ):
        assert np.array_equal(one, two)
