import flatbuffers
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from edgeseg.model.sharing_builder import BUFFER_ALIGNMENT, SharingBuilder

schema = pytest.importorskip(
    "ai_edge_litert.schema_py_generated", reason="needs the schema of ai-edge-litert"
)

numbers = st.lists(st.integers(0, 2), max_size=3)
tensors = st.builds(
    schema.TensorT,
    shape=st.none() | numbers,
    type=st.integers(0, 2),
    buffer=st.integers(0, 2),
    name=st.none() | st.sampled_from([b"", b"a", b"ab", b"abcd"]),
    quantization=st.none() | st.builds(schema.QuantizationParametersT, zeroPoint=st.none() | numbers),
)
buffers = st.builds(schema.BufferT, data=st.none() | numbers)
models = st.builds(
    schema.ModelT,
    subgraphs=st.lists(
        st.builds(schema.SubGraphT, tensors=st.lists(tensors, max_size=4), inputs=st.none() | numbers),
        max_size=2,
    ),
    buffers=st.lists(buffers, max_size=4),
)


def packed(model, builder):
    builder.Finish(model.Pack(builder))
    return bytes(builder.Output())


def plain(part):
    """An object of the schema as nested lists and dicts, a vector that is empty as one that is not there."""
    match part:
        case np.ndarray() | list():
            return [plain(each) for each in part] or None
        case _ if hasattr(part, "__dict__"):
            return {name: plain(value) for name, value in vars(part).items()}
    return part


@settings(max_examples=50)
@given(models)
def test_what_was_written_is_read_back(model):
    data = packed(model, SharingBuilder())
    assert plain(schema.ModelT.InitFromPackedBuf(data)) == plain(model)
    # Only the values of tensors take more, where they were not aligned.
    padding = BUFFER_ALIGNMENT * (1 + sum(each.data is not None for each in model.buffers))
    assert len(data) <= len(packed(model, flatbuffers.Builder(0))) + padding


@settings(max_examples=50)
@given(models, st.integers(2, 5))
def test_an_equal_graph_takes_the_place_of_a_reference(model, times):
    once = schema.ModelT(subgraphs=model.subgraphs[:1], buffers=model.buffers)
    several = schema.ModelT(subgraphs=model.subgraphs[:1] * times, buffers=model.buffers)
    more = len(packed(several, SharingBuilder())) - len(packed(once, SharingBuilder()))
    assert more <= 4 * (times - 1) + BUFFER_ALIGNMENT


def test_equal_bytes_that_refer_to_different_parts_stay_apart():
    """Two tables with one reference each, the same distance away."""
    kinds = [schema.QuantizationParametersT(zeroPoint=[number]) for number in (3, 4)]
    model = schema.ModelT(
        subgraphs=[schema.SubGraphT(tensors=[schema.TensorT(quantization=kind) for kind in kinds])]
    )
    read = schema.ModelT.InitFromPackedBuf(packed(model, SharingBuilder()))
    assert [list(each.quantization.zeroPoint) for each in read.subgraphs[0].tensors] == [[3], [4]]
