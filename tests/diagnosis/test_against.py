"""A quantized file against its float file, on real files: what was broken on purpose is found."""

from dataclasses import replace
from pathlib import Path

import pytest

from edgeseg.diagnosis.against import compare
from edgeseg.errors import ArtifactError
from edgeseg.model.artifact import Artifact, load_artifact
from edgeseg.model.flatbuffer import parse_model
from edgeseg.model.recipe import INT8_PTQ
from edgeseg.quantizing.quantizer import quantize
from edgeseg.quantizing.ranges import Range, measure_ranges, share_ranges
from support.network_files import open_network
from support.paths import MODELS


@pytest.fixture(scope="module")
def float32():
    return load_artifact(MODELS / "blobs_float32.tflite")


@pytest.fixture(scope="module")
def int8():
    return load_artifact(MODELS / "blobs_int8.tflite")


@pytest.fixture(scope="module")
def sound(int8, float32, blobs):
    return compare(int8, float32, blobs)


def test_a_sound_file_has_every_layer_near_its_float_file(sound):
    assert len(sound.layers) == 18
    assert all(each.sqnr_db > 15 and each.cosine > 0.98 and each.saturation < 0.01 for each in sound.layers)
    assert [each.sqnr_db for each in sound.layers] == sorted(each.sqnr_db for each in sound.layers)
    assert sound.recommendation.startswith("Nothing to mend")


def test_masks_are_compared_on_validation_images(sound):
    assert (sound.verification.split, sound.verification.images) == ("val", 6)
    assert sound.verification.agreement > 0.999


def test_fewer_images_can_be_asked_for(int8, float32, blobs):
    assert compare(int8, float32, blobs, count=2).verification.images == 2


@pytest.fixture(scope="module")
def spoil(float32, blobs):
    """Quantizes with the range of one operator's output changed."""
    pytest.importorskip("ai_edge_quantizer", reason="needs the extra quantize")
    graph = parse_model(float32.data, name="float")[0]
    images = [sample.read()[0] for sample in blobs.split("train")]
    images[0][0, :2] = 0, 255
    ranges = share_ranges(graph, measure_ranges(float32.data, graph, images, name="float"))

    def make(operator, factor):
        number = graph.operators[operator].outputs[0]
        own = ranges[number]
        changed = ranges | {number: Range(own.low * factor, own.high * factor)}
        data = quantize(float32.data, graph, INT8_PTQ, changed)
        return Artifact(path=Path("spoilt.tflite"), data=data)

    return make


def test_the_layer_with_a_range_that_is_too_wide_is_named(spoil, float32, blobs):
    found = compare(spoil(15, 250.0), float32, blobs, count=2)
    worst = max(found.layers, key=lambda each: each.entered)
    assert worst.index == 15
    assert f"noise enters at CONV_2D '{worst.layer}'" in found.recommendation


def test_the_layer_with_a_range_that_is_too_narrow_saturates(spoil, float32, blobs):
    found = compare(spoil(10, 0.05), float32, blobs, count=2)
    assert max(found.layers, key=lambda each: each.saturation).index == 10
    assert "is too narrow" in found.recommendation


def test_float16_and_dynamic_files_can_be_compared_too(float32, blobs):
    pytest.importorskip("ai_edge_quantizer", reason="needs the extra quantize")
    graph = parse_model(float32.data, name="float")[0]
    recipe = replace(INT8_PTQ, variant="float16", weights="float16", activations="float32", calibrated=False)
    made = Artifact(path=Path("f16.tflite"), data=quantize(float32.data, graph, recipe))
    found = compare(made, float32, blobs, count=2)
    assert all(each.saturation is None and each.sqnr_db > 50 for each in found.layers)


@pytest.mark.parametrize(
    ("first", "second", "sentence"),
    [
        ("int8", "int8", r"expected a float32 model to compare with, but .* is already quantized \(13 int8"),
        ("float32", "float32", "expected a quantized model, but .* holds float32 weights and activations"),
        ("int8", "dynamic_batch", "are not the same network"),
    ],
)
def test_files_that_cannot_be_compared_are_refused(first, second, sentence, blobs):
    quantized, reference = (load_artifact(MODELS / f"blobs_{name}.tflite") for name in (first, second))
    with pytest.raises(ArtifactError, match=sentence):
        compare(quantized, reference, blobs)


def test_a_file_that_the_runtime_refuses_is_a_sentence(float32, blobs):
    damaged = bytearray(float32.data)
    damaged[8:12] = b"\xff\xff\xff\x7f"
    broken = Artifact(path=Path("broken.tflite"), data=bytes(damaged))
    with pytest.raises(ArtifactError, match=r"cannot load broken\.tflite"):
        compare(broken, float32, blobs)


def test_all_maps_are_compared(blobs):
    found = compare(open_network("grey_2outputs_int8"), open_network("grey_2outputs_float32"), blobs, count=3)
    assert [each.name for each in found.verification.maps] == ["foreground", "centre"]
    assert max(each.error for each in found.verification.maps) < 0.02
    assert {"LOGISTIC", "CONV_2D"} <= {each.operator for each in found.layers}
