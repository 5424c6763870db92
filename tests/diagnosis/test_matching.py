"""Operators of a float and a quantized file are paired by what they are connected to."""

from dataclasses import replace

import pytest

from edgeseg.diagnosis.matching import layer_name, match_layers
from edgeseg.errors import ArtifactError
from edgeseg.model.flatbuffer import Operator, parse_model
from support.paths import MODELS

NAMES = ("float.tflite", "int8.tflite")


def graph(name):
    return parse_model((MODELS / f"{name}.tflite").read_bytes(), name=name)[0]


@pytest.fixture
def float32():
    return graph("blobs_float32")


@pytest.fixture
def int8():
    return graph("blobs_int8")


def test_every_operator_finds_the_one_of_the_same_name(float32, int8):
    layers = match_layers(float32, int8, names=NAMES)
    assert [each.index for each in layers] == list(range(len(float32.operators)))
    for each in layers:
        twin = int8.tensors[each.counterpart]
        assert layer_name(twin.name) == each.name
        assert twin.shape == float32.tensors[each.reference].shape


def test_inputs_and_kernels_are_those_of_the_float_file(float32, int8):
    layers = match_layers(float32, int8, names=NAMES)
    assert layers[0].inputs == float32.inputs
    assert layers[1].inputs == (layers[0].reference,)
    assert layers[0].kernel[1:3] == (3, 3)
    assert [each.kernel for each in layers if each.operator == "CONCATENATION"] == [(), ()]


def test_conversions_are_looked_through(float32):
    """A QUANTIZE before the first operator, as in files with float input."""
    first, *others = float32.operators
    image, added = float32.inputs[0], len(float32.tensors)
    converted = replace(
        float32,
        tensors=(*float32.tensors, float32.tensors[image]),
        operators=(
            Operator(name="QUANTIZE", inputs=(image,), outputs=(added,)),
            replace(first, inputs=(added, *first.inputs[1:])),
            *others,
        ),
    )
    layers = match_layers(float32, converted, names=NAMES)
    assert [each.counterpart for each in layers] == [each.reference for each in layers]


def test_the_order_of_operators_does_not_matter(float32, int8):
    layers = match_layers(float32, int8, names=NAMES)
    turned = replace(int8, operators=int8.operators[::-1])
    assert match_layers(float32, turned, names=NAMES) == layers


def test_another_network_is_refused_with_the_first_operator_that_has_no_twin(float32, int8):
    other = replace(int8, operators=int8.operators[:-1])
    with pytest.raises(ArtifactError, match=r"are not the same network: nothing in the second .* LOGISTIC"):
        match_layers(float32, other, names=NAMES)


def test_an_operator_too_many_is_refused(float32, int8):
    more = replace(float32, operators=float32.operators[:-1])
    with pytest.raises(ArtifactError, match="nothing in the first does what operator 17 LOGISTIC"):
        match_layers(more, int8, names=NAMES)


def test_a_kernel_of_another_shape_is_another_network(float32, int8):
    kernel = int8.operators[0].inputs[1]
    tensors = list(int8.tensors)
    tensors[kernel] = replace(tensors[kernel], shape=(1, *tensors[kernel].shape[1:]))
    with pytest.raises(ArtifactError, match=r"operator 0 CONV_2D \(output 'model_1/re_lu_10/Relu'\)"):
        match_layers(float32, replace(int8, tensors=tuple(tensors)), names=NAMES)
