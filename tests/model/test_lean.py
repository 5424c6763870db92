from dataclasses import replace

import numpy as np
import pytest

from edgeseg.audit.delegation import read_delegation
from edgeseg.errors import ArtifactError
from edgeseg.model.flatbuffer import parse_model
from edgeseg.model.lean import list_names, make_lean, with_names
from edgeseg.model.runtimes.registry import make_interpreter
from edgeseg.model.sharing_builder import BUFFER_ALIGNMENT
from support.paths import TESTS

#: Float, float16, dynamic and full int8, uint8, sparse, a dynamic batch, several maps and outputs; by the
#: converters of TensorFlow and of PyTorch.
FILES = sorted(
    path
    for folder in ("models", "model/models", "audit/models", "quantizing/models", "fixtures/v0_1/models")
    for path in (TESTS / folder).glob("*.tflite")
)
RUNTIMES = ("litert", "litert-builtin", "litert-reference", "openvino")

each_file = pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])


def lean(path):
    return make_lean(path.read_bytes(), name=path.name)


def without_places(graphs):
    """The graphs, whatever the numbers of the buffers."""
    return [
        replace(graph, tensors=tuple(replace(tensor, buffer=0) for tensor in graph.tensors))
        for graph in graphs
    ]


def outputs(data, runtime, images=3):
    """Of random images, as bytes; None where the runtime has no kernel for a file."""
    try:
        interpreter = make_interpreter(data, name="m", runtime=runtime)
    except ArtifactError:
        return None
    facts, rng, found = interpreter.inputs[0], np.random.default_rng(0), []
    for _ in range(images):
        image = rng.integers(0, 256, facts.shape)
        if facts.dtype == "float32":
            image = image / 255
        elif facts.dtype == "int8":
            image -= 128
        interpreter.load(image.astype(facts.dtype))
        interpreter.run()
        found += [interpreter.output(number).tobytes() for number in range(len(interpreter.outputs))]
    return found


@pytest.mark.parametrize("runtime", RUNTIMES)
@each_file
def test_it_computes_the_same_to_the_last_bit(path, runtime):
    if runtime == "openvino":
        pytest.importorskip("openvino")
    data = path.read_bytes()
    assert outputs(lean(path).data, runtime) == outputs(data, runtime)


@each_file
def test_it_is_smaller(path):
    assert len(lean(path).data) < path.stat().st_size


@each_file
def test_all_that_an_audit_reads_is_as_before(path):
    """Operators, tensors, names, scales and values of every graph, and what XNNPACK takes."""
    data, made = path.read_bytes(), lean(path)
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
    data, made = path.read_bytes(), lean(path)
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


def test_equal_values_are_stored_once():
    """A network and a copy of its only kernel: the bytes grow by what names it, not by the kernel."""
    from ai_edge_litert.schema_py_generated import BufferT
    from ai_edge_litert.tools import flatbuffer_utils

    path = TESTS / "models/blobs_float32.tflite"
    model = flatbuffer_utils.read_model(path)
    sizes = [0 if each.data is None else len(each.data) for each in model.buffers]
    number = sizes.index(max(sizes))
    holder = next(each for each in model.subgraphs[0].tensors if each.buffer == number)
    model.buffers.append(BufferT(data=model.buffers[number].data.copy()))
    holder.buffer = len(model.buffers) - 1
    model.subgraphs[0].tensors[-1].buffer = 0
    twice = bytes(flatbuffer_utils.convert_object_to_bytearray(model))
    assert make_lean(twice, name="m").data == lean(path).data


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
