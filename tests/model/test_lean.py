from dataclasses import replace

import numpy as np
import pytest

from edgeseg.audit.delegation import read_delegation
from edgeseg.errors import ArtifactError
from edgeseg.model.artifact import load_artifact, model_name
from edgeseg.model.flatbuffer import parse_model
from edgeseg.model.lean import list_names, make_lean, with_names
from edgeseg.model.recipe import DYNAMIC_INT8, FLOAT16, INT8_PTQ
from edgeseg.model.sharing_builder import BUFFER_ALIGNMENT
from edgeseg.quantizing.quantizer import quantize
from edgeseg.quantizing.ranges import measure_ranges
from support.outputs import outputs
from support.paths import TESTS

#: Float, float16, dynamic and full int8, uint8, sparse, a dynamic batch, several maps and outputs; by the
#: converters of TensorFlow and of PyTorch.
FILES = sorted(
    path
    for folder in ("models", "model/models", "audit/models", "quantizing/models", "fixtures/v0_1/models")
    for path in (TESTS / folder).glob("*.tflite*")
)
RUNTIMES = ("litert", "litert-builtin", "litert-reference", "openvino")

each_file = pytest.mark.parametrize("path", FILES, ids=[model_name(path) for path in FILES])


def read(path):
    return load_artifact(path).data


def lean(path):
    return make_lean(read(path), name=path.name)


def without_places(graphs):
    """The graphs, whatever the numbers of the buffers."""
    return [
        replace(graph, tensors=tuple(replace(tensor, buffer=0) for tensor in graph.tensors))
        for graph in graphs
    ]


@pytest.mark.parametrize("runtime", RUNTIMES)
@each_file
def test_it_computes_the_same_to_the_last_bit(path, runtime):
    if runtime == "openvino":
        pytest.importorskip("openvino")
    data = read(path)
    found = outputs(lean(path).data, runtime)
    assert found == outputs(data, runtime)
    assert found is not None or runtime in RUNTIMES[2:]


@each_file
def test_it_is_smaller(path):
    assert len(lean(path).data) < len(read(path))


@each_file
def test_all_that_an_audit_reads_is_as_before(path):
    """Operators, tensors, names, scales and values of every graph, and what XNNPACK takes."""
    data, made = read(path), lean(path)
    before, after = parse_model(data, name="m"), parse_model(made.data, name="m", names=made.names)
    assert without_places(after) == without_places(before)
    assert read_delegation(made.data, name="m") == read_delegation(data, name="m")


@each_file
def test_twice_is_as_once(path):
    once = lean(path).data
    assert make_lean(once, name="m").data == once


@each_file
def test_its_values_are_aligned(path):
    data = lean(path).data
    start = np.frombuffer(data, np.uint8).ctypes.data
    for graph in parse_model(data, name="m"):
        for tensor in graph.tensors:
            if tensor.data is not None:
                place = np.frombuffer(tensor.data, np.uint8).ctypes.data - start
                assert place % BUFFER_ALIGNMENT == 0


@each_file
def test_names_can_be_put_back(path):
    data, made = read(path), lean(path)
    graphs = parse_model(made.data, name="m", names=made.names)
    named = parse_model(with_names(made.data, graphs, name="m"), name="m")
    assert list_names(named) == made.names == list_names(parse_model(data, name="m"))


def test_without_its_sidecar_a_tensor_is_called_by_its_number():
    (graph,) = parse_model(lean(TESTS / "models/blobs_int8.tflite").data, name="m")
    assert [tensor.name for tensor in graph.tensors] == [str(number) for number in range(len(graph.tensors))]


def test_names_of_another_file_are_refused():
    made = lean(TESTS / "models/blobs_int8.tflite")
    other = lean(TESTS / "model/models/logits_int8.tflite")
    with pytest.raises(ArtifactError, match=r"names 10 tensors, but the file has 47; export again"):
        parse_model(made.data, name="m", names=other.names)


@pytest.fixture(scope="module")
def twins():
    """A network whose kernels and biases of one size are equal."""
    from ai_edge_litert.tools import flatbuffer_utils

    model, first = flatbuffer_utils.read_model(TESTS / "models/blobs_float32.tflite"), {}
    for buffer in (each for each in model.buffers[1:] if len(each.data) > 16):  # no shape
        buffer.data = first.setdefault(len(buffer.data), buffer.data)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def test_equal_values_are_stored_once(twins):
    values = [each.data for each in parse_model(twins, name="m")[0].tensors if each.data is not None]
    once = sum(map(len, {bytes(each) for each in values}))
    assert sum(map(len, values)) - once > 8_000
    assert len(make_lean(twins, name="m").data) - once < 4_000


@pytest.mark.parametrize("runtime", RUNTIMES[:3])
def test_values_that_are_stored_once_are_read_by_all(runtime, twins):
    found = outputs(make_lean(twins, name="m").data, runtime)
    assert found is not None
    assert found == outputs(twins, runtime)


def test_equal_values_may_become_different_ones(twins):
    """Two equal biases have the scales of two layers, once they are quantized."""
    pytest.importorskip("ai_edge_quantizer", reason="needs the extra quantize")
    graph = parse_model(twins, name="m")[0]
    rng = np.random.default_rng(0)
    ranges = measure_ranges(twins, graph, rng.integers(0, 256, (2, 64, 64), np.uint8), name="m")
    made = make_lean(twins, name="m")
    again = with_names(made.data, parse_model(made.data, name="m", names=made.names), name="m")
    for recipe in (FLOAT16, DYNAMIC_INT8, INT8_PTQ):
        first, second = (quantize(data, graph, recipe, ranges) for data in (twins, again))
        assert make_lean(first, name="m") == make_lean(second, name="m")


def test_a_note_that_changes_how_a_runtime_computes_stays():
    from ai_edge_litert.schema_py_generated import BufferT, MetadataT
    from ai_edge_litert.tools import flatbuffer_utils

    model = flatbuffer_utils.read_model(TESTS / "models/blobs_float32.tflite")
    model.buffers.append(BufferT(data=np.frombuffer(b"fp16accfp32", np.uint8)))
    note = MetadataT(name=b"reduced_precision_support", buffer=len(model.buffers) - 1)
    model.metadata.append(note)
    made = make_lean(bytes(flatbuffer_utils.convert_object_to_bytearray(model)), name="m").data
    kept = flatbuffer_utils.read_model_from_bytearray(bytearray(made))
    assert [(each.name, bytes(kept.buffers[each.buffer].data)) for each in kept.metadata] == [
        (b"reduced_precision_support", b"fp16accfp32")
    ]


def test_signatures_of_several_graphs_stay():
    from ai_edge_litert.tools import flatbuffer_utils

    model = flatbuffer_utils.read_model(TESTS / "models/blobs_float32.tflite")
    model.subgraphs.append(model.subgraphs[0])
    kept = flatbuffer_utils.read_model_from_bytearray(
        bytearray(make_lean(bytes(flatbuffer_utils.convert_object_to_bytearray(model)), name="m").data)
    )
    assert [each.signatureKey for each in kept.signatureDefs] == [b"serving_default"]


def test_a_damaged_file_is_refused():
    data = (TESTS / "models/blobs_int8.tflite").read_bytes()
    with pytest.raises(ArtifactError, match=r"m\.tflite is damaged"):
        make_lean(data[:4000], name="m.tflite")
