"""Weights: found, counted once, per-channel or not, zeros in the stored values."""

import numpy as np
import pytest

from edgeseg.audit.weights import count_macs, list_weights
from edgeseg.model.audit_record import overall_sparsity
from edgeseg.model.flatbuffer import Graph, Operator, Tensor, parse_model
from support.paths import AUDIT_MODELS, MODELS

HERE, SHARED = AUDIT_MODELS, MODELS


def weights_of(path):
    return list_weights(parse_model(path.read_bytes(), name=path.name))


def kernels_of(path):
    return [weight for weight in weights_of(path) if weight.role == "kernel"]


def tensor(shape, dtype="float32", *, values=None, buffer=0, scales=(), zero_points=(), axis=0):
    return Tensor(
        name="t", shape=shape, signature=shape, dtype=dtype, scales=scales, zero_points=zero_points,
        axis=axis, buffer=buffer, data=None if values is None else memoryview(values.tobytes()), sparse=False,
        variable=False,
    )  # fmt: skip


def one_operator(name, tensors, inputs, output):
    operator = Operator(name=name, inputs=inputs, outputs=(output,))
    return Graph(tensors=tuple(tensors), operators=(operator,), inputs=(0,), outputs=(output,))


def test_float_and_int8_of_one_network_have_the_same_number_of_parameters():
    counts = {
        sum(w.size for w in weights_of(SHARED / f"blobs_{name}.tflite")) for name in ("float32", "int8")
    }
    # 11 convolutions and 2 transposed ones of a base-4, 3-level U-Net with 1 channel in and out.
    assert counts == {7397}


def test_ptq_kernels_are_per_channel():
    assert [k.per_channel for k in kernels_of(SHARED / "blobs_int8.tflite")] == [True] * 13


def test_per_tensor_kernels_are_told_from_per_channel_ones():
    kernels = kernels_of(HERE / "int8_per_tensor.tflite")
    assert [k.per_channel for k in kernels] == [False] * 4 + [True]  # the last has a single channel


def test_float_kernels_are_not_called_per_channel_or_per_tensor():
    assert {k.per_channel for k in kernels_of(SHARED / "blobs_float32.tflite")} == {None}


def test_float16_kernels_are_found_behind_their_dequantize():
    kernels = kernels_of(HERE / "float16.tflite")
    assert {(k.dtype, k.operator) for k in kernels} == {("float16", "CONV_2D"), ("float16", "TRANSPOSE_CONV")}
    assert len(kernels) == 5


def test_a_sparse_encoded_kernel_counts_the_zeros_that_are_not_stored():
    kernels = kernels_of(HERE / "sparse.tflite")
    assert all(kernel.sparse_encoded for kernel in kernels)
    assert overall_sparsity(kernels) == pytest.approx(0.8, abs=0.005)


@pytest.mark.parametrize(
    ("values", "settings", "zeros"),
    [
        (np.array([0, 1.5, -0.0, 2], "f4"), {}, 2),
        (np.array([0, 1, 5, 5], "i1"), {"dtype": "int8", "scales": (0.1,), "zero_points": (5,)}, 2),
        (
            np.array([[1, 1], [7, 0]], "i1"),
            {"dtype": "int8", "scales": (0.1, 0.2), "zero_points": (1, 7), "axis": 0},
            3,
        ),
        (np.array([0x0000, 0x8000, 0x3F80, 1], "u2"), {"dtype": "bfloat16"}, 2),
        (np.array([0x10], "u1"), {"dtype": "int4", "scales": (0.1,)}, None),
    ],
)
def test_zeros_are_the_values_that_stand_for_zero(values, settings, zeros):
    kernel = tensor((values.size,) if values.ndim == 1 else values.shape, values=values, buffer=1, **settings)
    graph = one_operator("FULLY_CONNECTED", [tensor((1, 2)), kernel, tensor((1, 2))], (0, 1), 2)
    assert list_weights([graph])[0].zeros == zeros


def test_a_tensor_used_twice_or_in_two_subgraphs_is_counted_once():
    kernel = tensor((4, 2), values=np.ones((4, 2), "f4"), buffer=3)
    graph = one_operator("FULLY_CONNECTED", [tensor((1, 2)), kernel, tensor((1, 4))], (0, 1), 2)
    twice = Graph(tensors=graph.tensors, operators=graph.operators * 2, inputs=(0,), outputs=(2,))
    assert len(list_weights([twice, graph])) == 1


def test_shapes_and_axes_are_no_weights():
    axis = tensor((1,), "int32", values=np.array([3], "i4"), buffer=1)
    assert list_weights([one_operator("MEAN", [tensor((1, 2)), axis, tensor((1,))], (0, 1), 2)]) == ()


@pytest.mark.parametrize(
    ("operator", "shapes", "inputs", "macs"),
    [
        # image, kernel, output
        ("CONV_2D", [(1, 8, 8, 3), (5, 3, 3, 3), (1, 4, 4, 5)], (0, 1), 4 * 4 * 3 * 3 * 3 * 5),
        ("DEPTHWISE_CONV_2D", [(1, 8, 8, 6), (1, 3, 3, 6), (1, 8, 8, 6)], (0, 1), 8 * 8 * 3 * 3 * 6),
        ("TRANSPOSE_CONV", [(1, 4, 4, 6), (2, 2, 2, 6), (1, 8, 8, 2)], (-1, 1, 0), 4 * 4 * 2 * 2 * 6 * 2),
        ("FULLY_CONNECTED", [(7, 10), (4, 10), (7, 4)], (0, 1), 7 * 10 * 4),
        ("ADD", [(7, 10), (7, 10), (7, 10)], (0, 1), 0),
    ],
)
def test_macs_follow_the_stated_formulas(operator, shapes, inputs, macs):
    if operator == "TRANSPOSE_CONV":  # its first input is the output's shape
        shape = tensor((4,), "int32", values=np.array(shapes[2], "i4"), buffer=9)
        tensors = [*map(tensor, shapes), shape]
        assert count_macs(one_operator(operator, tensors, (3, 1, 0), 2)) == macs
    else:
        assert count_macs(one_operator(operator, [tensor(s) for s in shapes], inputs, 2)) == macs


def test_macs_of_the_fixture_add_up_layer_by_layer():
    graph = parse_model((SHARED / "blobs_float32.tflite").read_bytes(), name="m")[0]
    down = 64**2 * 9 * (4 + 16) + 32**2 * 9 * (4 * 8 + 8 * 8) + 16**2 * 9 * (8 * 16 + 16 * 16)
    up = 16**2 * 4 * 16 * 8 + 32**2 * 9 * (16 * 8 + 8 * 8) + 32**2 * 4 * 8 * 4 + 64**2 * 9 * (8 * 4 + 4 * 4)
    assert count_macs(graph) == down + up + 64**2 * 4
