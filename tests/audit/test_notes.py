"""The remarks in plain words, on real files."""

from pathlib import Path

import pytest

from edgeseg.audit.audit import audit_model
from edgeseg.audit.notes import explain, explain_interface
from edgeseg.model.artifact import Artifact, load_artifact
from support.paths import AUDIT_MODELS, MODELS, ROOT

FOLDERS = (AUDIT_MODELS, MODELS)
FILES = {path.stem: path for folder in FOLDERS for path in folder.glob("*.tflite")}


def notes_of(name):
    return explain(audit_model(FILES[name].read_bytes(), name=f"{name}.tflite"))


@pytest.mark.parametrize("name", ["blobs_float32", "blobs_int8"])
def test_a_file_without_surprises_has_no_remarks(name):
    assert notes_of(name) == ()


@pytest.mark.parametrize(
    ("name", "starts"),
    [
        ("blobs_dynamic_batch", ["3 partitions because shapes are dynamic (SHAPE, STRIDED_SLICE, PACK"]),
        ("int8_nearest", ["2 partitions because XNNPACK does not take RESIZE_NEAREST_NEIGHBOR"]),
        (
            "int8_float_island",
            [
                "float islands: operators of an integer model that work on float values: 4 DEQUANTIZE, 5 ",
                "QUANTIZE from int8 to int8 (1)",
                "one scale for all channels, coarser than one for each, in 1 TRANSPOSE_CONV",
            ],
        ),
        ("int8_float_io", ["integer inside, float at the ends"]),
        ("float16", ["float16 weights, unpacked to float32"]),
        ("dynamic_int8", ["dynamic range: int8 weights (3 small kernels stay float32)"]),
        ("sparse", ["sparse encoding: fewer raw bytes"]),
        (
            "int8_per_tensor",
            ["one scale for all channels, coarser than one for each, in 3 CONV_2D, 1 TRANSPOSE_C"],
        ),
    ],
)
def test_what_stands_out_is_said(name, starts):
    notes = notes_of(name)
    assert len(notes) == len(starts)
    for note, start in zip(notes, starts, strict=True):
        assert note.startswith(start)


def test_a_scale_that_predict_cannot_use_is_said():
    """The same file with the exponent of its output scale lowered by one: 1/512."""
    data = FILES["blobs_int8"].read_bytes()
    stored = bytes.fromhex("0000803b")  # 1/256 as float32
    assert data.count(stored) == 1
    data = data.replace(stored, bytes.fromhex("0000003b"))
    assert audit_model(data, name="m.tflite").outputs[0].scale == 1 / 512
    (note,) = explain_interface(Artifact(path=Path("m.tflite"), data=data))
    assert note.startswith("not for `edgeseg predict`: cannot run m.tflite: expected a probability")


def test_what_has_to_be_assumed_of_a_file_without_a_sidecar_is_said():
    (note,) = explain_interface(load_artifact(MODELS / "blobs_int8.tflite"))
    assert note == (
        "assumed, since no sidecar states it: it takes grey images, black as 0 and white as 1; its output is "
        "the probability of foreground, from 0 to 1"
    )


def test_nothing_is_assumed_of_a_file_with_a_sidecar_of_version_1():
    model = ROOT / "models/nih3t3_phase/unet-16_nih3t3_phase_256_int8-ptq.tflite"
    assert explain_interface(load_artifact(model)) == ()
