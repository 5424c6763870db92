"""The arena: the plan is TFLite's own, to the byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeseg.audit.arena import ALIGNMENT, Lifetime, activation_bytes, arena_bytes, plan
from edgeseg.audit.weights import stored_tensors
from edgeseg.model.flatbuffer import Graph, Operator, Tensor, parse_model
from edgeseg.model.runtimes.registry import make_interpreter
from support.paths import AUDIT_MODELS, MODELS

MODELS = (MODELS, AUDIT_MODELS)
# Dynamic shapes and unpacked float16 weights lie outside the arena of the built-in kernels, and
# without a place there the runtime has no address to show.
PLANNED = sorted(
    path
    for folder in MODELS
    for path in folder.glob("*.tflite")
    if path.stem not in ("blobs_dynamic_batch", "float16", "sparse", "dynamic_int8")
)
NOTHING = Operator(name="X", inputs=(), outputs=())
CHAIN = Graph(tensors=(), operators=(NOTHING,) * 20, inputs=(), outputs=())


def measured_arena(data: bytes, graph: Graph) -> int:
    """Where the runtime put the activations, without a delegate: from the first byte to the last."""
    interpreter = make_interpreter(data, name="m", runtime="litert-builtin")._interpreter
    used = {n for o in graph.operators for n in (*o.inputs, *o.outputs) if n >= 0} - stored_tensors(
        graph
    ).keys()
    ends = []
    for number in used:
        view = interpreter.tensor(number)()
        ends.append((view.__array_interface__["data"][0], view.nbytes))
    return max(start + size for start, size in ends) - min(start for start, _ in ends)


@pytest.mark.parametrize("path", PLANNED, ids=lambda path: path.stem)
def test_the_estimate_is_what_litert_allocates(path):
    data = path.read_bytes()
    graph = parse_model(data, name="m")[0]
    assert arena_bytes(graph) == measured_arena(data, graph)


def test_dynamic_range_int8_is_estimated_within_15_percent():
    data = MODELS[1].joinpath("dynamic_int8.tflite").read_bytes()
    graph = parse_model(data, name="m")[0]
    assert arena_bytes(graph) == pytest.approx(measured_arena(data, graph), rel=0.15)


def test_activations_alone_need_less_than_the_built_in_kernels():
    graph = parse_model(PLANNED[0].read_bytes(), name="m")[0]
    assert activation_bytes(graph) < arena_bytes(graph)


def test_blocks_that_live_apart_share_their_bytes():
    assert plan(CHAIN, [Lifetime(size=100, first=1, last=2), Lifetime(size=90, first=3, last=4)]) == 100


def test_blocks_that_live_together_are_aligned():
    assert plan(CHAIN, [Lifetime(size=100, first=1, last=2), Lifetime(size=90, first=2, last=4)]) == 128 + 90


def test_a_gap_is_filled():
    blocks = [
        Lifetime(size=640, first=1, last=1),
        Lifetime(size=320, first=1, last=3),  # lies behind the first
        Lifetime(size=128, first=3, last=3),  # fits where the first was
    ]
    assert plan(CHAIN, blocks) == 960


blocks = st.builds(
    lambda size, first, length: Lifetime(size=size, first=first, last=min(first + length, 19)),
    st.integers(1, 5000), st.integers(0, 19), st.integers(0, 19),
)  # fmt: skip


@given(st.lists(blocks, max_size=30))
def test_the_plan_holds_what_lives_at_once_and_no_more_than_everything(some):
    peak = plan(CHAIN, some)
    assert peak >= max((sum(b.size for b in some if b.first <= t <= b.last) for t in range(20)), default=0)
    assert peak <= sum(b.size + ALIGNMENT for b in some)


def test_a_tensor_beyond_a_terabyte_has_no_plan():
    huge = Tensor(
        name="t", shape=(2**31, 2**31), signature=(), dtype="int8", scales=(), zero_points=(), axis=0,
        buffer=0, data=None, sparse=False, variable=False,
    )  # fmt: skip
    graph = Graph(tensors=(huge,), operators=(), inputs=(0,), outputs=(0,))
    assert arena_bytes(graph) is None
