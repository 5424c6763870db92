"""Ranges are least and greatest values over all images, shared where integer kernels need one scale."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeseg.errors import ArtifactError
from edgeseg.model.artifact import load_artifact
from edgeseg.model.flatbuffer import Graph, Operator, parse_model
from edgeseg.model.segmenter import Segmenter
from edgeseg.quantizing.ranges import Range, measure_ranges, share_ranges
from support.paths import MODELS

MODEL = MODELS / "blobs_float32.tflite"
DATA = MODEL.read_bytes()
GRAPH = parse_model(DATA, name="blobs")[0]


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (3, 64, 64), dtype=np.uint8)


@pytest.fixture(scope="module")
def ranges(images):
    return measure_ranges(DATA, GRAPH, images, name="blobs")


def test_every_activation_has_a_range_and_no_weight_has(ranges):
    outputs = {number for operator in GRAPH.operators for number in operator.outputs}
    assert ranges.keys() == {*GRAPH.inputs, *outputs}


def test_input_and_output_have_the_range_that_the_runtime_shows(ranges, images):
    segmenter = Segmenter(load_artifact(MODEL))
    made = [segmenter.invoke(image)[0] for image in images]
    assert ranges[GRAPH.outputs[0]] == Range(float(np.min(made)), float(np.max(made)))
    assert ranges[GRAPH.inputs[0]] == pytest.approx(Range(images.min() / 255, images.max() / 255))


def test_more_images_only_widen_ranges(ranges, images):
    for number, fewer in measure_ranges(DATA, GRAPH, images[:1], name="blobs").items():
        assert ranges[number].low <= fewer.low
        assert ranges[number].high >= fewer.high


def test_progress_is_told_after_each_image(images):
    told = []
    measure_ranges(DATA, GRAPH, images, name="blobs", progress=lambda *report: told.append(report[:2]))
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_a_model_that_computes_nan_is_refused(images):
    kernel = GRAPH.tensors[GRAPH.operators[0].inputs[1]]
    place = DATA.find(bytes(kernel.data))
    broken = DATA[:place] + np.float32(np.nan).tobytes() + DATA[place + 4 :]
    with pytest.raises(ArtifactError, match=r"blobs computes NaN or infinite values \(first in '"):
        measure_ranges(broken, GRAPH, images, name="blobs")


def test_what_meets_in_a_concatenation_shares_one_range(ranges):
    shared = share_ranges(GRAPH, ranges)
    for operator in GRAPH.operators:
        if operator.name == "CONCATENATION":
            assert len({shared[number] for number in (*operator.inputs, *operator.outputs)}) == 1


def test_an_operator_that_stays_in_float_joins_nothing(ranges):
    every = range(len(GRAPH.operators))
    assert share_ranges(GRAPH, ranges, apart=every) == ranges


def chain(*names):
    """A graph of operators, each reading the one before and joining tensor 100 in a concatenation."""
    operators = tuple(
        Operator(name=name, inputs=(i, 100) if name == "CONCATENATION" else (i,), outputs=(i + 1,))
        for i, name in enumerate(names)
    )
    return Graph(tensors=(), operators=operators, inputs=(0,), outputs=(len(names),))


def test_sharing_passes_through_operators_that_keep_the_scale():
    graph = chain("MAX_POOL_2D", "CONCATENATION", "CONV_2D")
    ranges = {0: Range(0, 1), 1: Range(0, 1), 2: Range(-1, 1), 3: Range(5, 6), 100: Range(-1, 0)}
    shared = share_ranges(graph, ranges)
    assert [shared[n] for n in (0, 1, 2, 100)] == [Range(-1, 1)] * 4
    assert shared[3] == Range(5, 6)


@given(st.lists(st.sampled_from(["MAX_POOL_2D", "CONCATENATION", "CONV_2D"]), max_size=8))
def test_sharing_never_narrows_a_range_and_is_done_in_one_go(names):
    graph = chain(*names)
    ranges = {number: Range(-float(number), 2.0 * number) for number in (*range(len(names) + 1), 100)}
    shared = share_ranges(graph, ranges)
    assert all(shared[n] | own == shared[n] for n, own in ranges.items())
    assert share_ranges(graph, shared) == shared
