"""Reading a .tflite file: the sound ones fully, the damaged ones to a sentence."""

import dataclasses

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgeseg.audit.activations import activation_numbers, float_operators
from edgeseg.audit.arena import activation_bytes, arena_bytes
from edgeseg.audit.weights import count_macs, list_weights
from edgeseg.errors import ArtifactError
from edgeseg.model.audit_record import overall_sparsity
from edgeseg.model.flatbuffer import Operator, parse_model
from support.paths import AUDIT_MODELS, MODELS

FILES = sorted([*MODELS.glob("*.tflite"), *AUDIT_MODELS.glob("*.tflite")])
WORST = bytes([0xFF, 0xFF, 0xFF, 0x7F])


def read(name: str) -> bytes:
    return (MODELS / name).read_bytes()


def survey(data: bytes) -> None:
    """Everything that the audit computes from the flatbuffer."""
    graphs = parse_model(data, name="m.tflite")
    overall_sparsity(list_weights(graphs))
    count_macs(graphs[0])
    arena_bytes(graphs[0])
    activation_bytes(graphs[0])
    list(float_operators(graphs))
    activation_numbers(graphs[0])


def survives(data: bytes) -> None:
    """A damaged file ends in a result or in a sentence; one that hangs is ended by the suite's timeout."""
    sentence = None
    try:
        survey(data)
    except ArtifactError as error:
        sentence = str(error)
    assert sentence is None or (sentence.startswith("m.tflite is damaged: ") and "\n" not in sentence)


def test_operators_and_tensors_are_read_in_their_order():
    graph = parse_model(read("blobs_int8.tflite"), name="m.tflite")[0]
    assert [o.name for o in graph.operators][:4] == ["CONV_2D", "CONV_2D", "MAX_POOL_2D", "CONV_2D"]
    assert graph.operators[-1].name == "LOGISTIC"
    kernel = graph.tensors[graph.operators[0].inputs[1]]
    assert (kernel.shape, kernel.dtype, len(kernel.scales), kernel.axis) == ((4, 3, 3, 1), "int8", 4, 0)
    assert bytes(kernel.data) != bytes(36)
    assert graph.tensors[graph.inputs[0]].data is None


def test_a_dynamic_dimension_is_minus_one_in_the_signature_only():
    graph = parse_model(read("blobs_dynamic_batch.tflite"), name="m.tflite")[0]
    image = graph.tensors[graph.inputs[0]]
    assert (image.shape, image.signature) == ((1, 64, 64, 1), (-1, 64, 64, 1))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_fixture_is_surveyed(path):
    survey(path.read_bytes())


@pytest.mark.parametrize("length", [8, 9, 40, 500, 10_000])
def test_a_truncated_file_is_a_sentence(length):
    with pytest.raises(ArtifactError, match=r"^m\.tflite is damaged: .*export or copy it again$"):
        parse_model(read("blobs_int8.tflite")[:length], name="m.tflite")


def test_an_unprintable_name_cannot_steer_the_terminal():
    data = read("blobs_int8.tflite").replace(b"StatefulPartitionedCall", b"\x1b[2Jfull\xffartitionedCall")
    graph = parse_model(data, name="m.tflite")[0]
    name = graph.tensors[graph.outputs[0]].name
    assert name.isprintable()
    assert name.startswith("\N{REPLACEMENT CHARACTER}[2Jfull\N{REPLACEMENT CHARACTER}artitioned")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_flipped_bytes_never_hang_or_escape(data):
    content = bytearray(data.draw(st.sampled_from(FILES)).read_bytes())
    for _ in range(data.draw(st.integers(1, 12))):
        content[data.draw(st.integers(8, len(content) - 1))] = data.draw(st.integers(0, 255))
    survives(bytes(content))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_absurd_lengths_and_offsets_never_hang_or_escape(data):
    content = bytearray(data.draw(st.sampled_from(FILES)).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(2, len(content) // 4 - 1)) * 4
        content[place : place + 4] = data.draw(st.sampled_from([WORST, b"\xff" * 4, b"\0" * 4, b"\1\0\0\0"]))
    survives(bytes(content))


@settings(max_examples=100, deadline=None)
@given(tail=st.binary(max_size=2000), root=st.integers(0, 2**32 - 1))
def test_garbage_behind_the_identifier_never_escapes(tail, root):
    survives(root.to_bytes(4, "little") + b"TFL3" + tail)


@pytest.mark.parametrize("inputs", [(), (0,), (0, -1), (-1, 1)])
@pytest.mark.parametrize("name", ["CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED"])
def test_a_convolution_without_its_inputs_is_passed_over(name, inputs):
    graph = parse_model(read("blobs_int8.tflite"), name="m.tflite")[0]
    maimed = dataclasses.replace(graph, operators=(Operator(name=name, inputs=inputs, outputs=(2,)),))
    assert count_macs(maimed) == 0
    assert arena_bytes(maimed) == activation_bytes(maimed)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_word_of_the_file_may_be_absurd(path):
    """One four-byte word after another is replaced, those of the tables at the end of the file above all."""
    content = path.read_bytes()
    words = [*range(8, 64, 4), *range(len(content) - 400, len(content) - 4, 4)]
    for place in words:
        survives(content[:place] + WORST + content[place + 4 :])
