"""What is stored in a model: its kernels, biases and other constants, how quantized and how sparse."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edgeseg.model.audit_record import Weight
from edgeseg.model.flatbuffer import Graph, Operator, Tensor

#: Where an operator takes its kernel and its bias.
KERNEL_INPUT = {
    "CONV_2D": 1, "DEPTHWISE_CONV_2D": 1, "TRANSPOSE_CONV": 1, "FULLY_CONNECTED": 1,
    "CONV_3D": 1, "CONV_3D_TRANSPOSE": 1,
}  # fmt: skip
_BIAS_INPUT = {
    "CONV_2D": 2, "DEPTHWISE_CONV_2D": 2, "TRANSPOSE_CONV": 3, "FULLY_CONNECTED": 2,
    "CONV_3D": 2, "CONV_3D_TRANSPOSE": 3,
}  # fmt: skip

_TRANSPOSED = ("TRANSPOSE_CONV", "CONV_3D_TRANSPOSE")

#: Operators that only unpack stored values: float16 or int8 to float32, sparse to dense.
UNPACKING = ("DEQUANTIZE", "DENSIFY")

_FLOATS = ("float16", "bfloat16", "float32", "float64")

# bfloat16 has no numpy type: its bits are compared instead.
_NUMPY = {
    "float64": np.float64, "float32": np.float32, "float16": np.float16, "bfloat16": np.uint16,
    "int64": np.int64, "int32": np.int32, "int16": np.int16, "int8": np.int8, "uint8": np.uint8,
}  # fmt: skip


def stored_tensors(graph: Graph) -> dict[int, int]:
    """The tensors known before the model runs.

    Returns:
        Number of the tensor as operators use it -> number of the tensor that holds the stored values:
        the same one, or the packed one (float16, sparse) that `UNPACKING` operators unpack.
    """
    stored = {number: number for number, tensor in enumerate(graph.tensors) if tensor.data is not None}
    for operator in graph.operators:
        if operator.name in UNPACKING and operator.inputs and operator.inputs[0] in stored:
            stored.update((output, stored[operator.inputs[0]]) for output in operator.outputs)
    return stored


def list_weights(graphs: Sequence[Graph]) -> tuple[Weight, ...]:
    """Every learned tensor once, in the order of its first use; shapes, axes and paddings are left out."""
    found: list[Weight] = []
    elsewhere: set[int] = set()  # buffers that an earlier subgraph uses: signatures share their weights
    for graph in graphs:
        stored, seen = stored_tensors(graph), set[int]()
        for operator in graph.operators:
            if operator.name in UNPACKING:
                continue
            for position, number in enumerate(operator.inputs):
                holder = stored.get(number, -1)
                if holder < 0 or holder in seen or graph.tensors[holder].buffer in elsewhere:
                    continue
                seen.add(holder)
                if _learned(graph.tensors[holder]):
                    found.append(_weight(graph, operator, position, graph.tensors[holder]))
        elsewhere.update(graph.tensors[holder].buffer for holder in seen)
    return tuple(found)


def _role(operator: str, position: int) -> str:
    if KERNEL_INPUT.get(operator) == position:
        return "kernel"
    return "bias" if _BIAS_INPUT.get(operator) == position else "constant"


def _learned(tensor: Tensor) -> bool:
    return bool(tensor.scales) or tensor.dtype in _FLOATS


def _weight(graph: Graph, operator: Operator, position: int, tensor: Tensor) -> Weight:
    outputs = [graph.tensors[number].name for number in operator.outputs if number >= 0]
    return Weight(
        tensor=tensor.name,
        operator=operator.name,
        output=outputs[0] if outputs else "",
        role=_role(operator.name, position),
        dtype=tensor.dtype,
        shape=tensor.shape,
        scales=len(tensor.scales),
        per_channel=_per_channel(tensor),
        size=tensor.size,
        zeros=_zeros(tensor),
        distinct=_distinct(tensor),
        sparse_encoded=tensor.sparse,
    )


def _per_channel(tensor: Tensor) -> bool | None:
    """A single channel with a single scale counts as per-channel."""
    if not tensor.scales:
        return None
    axis = tensor.axis
    channels = tensor.shape[axis] if 0 <= axis < len(tensor.shape) else 1
    return len(tensor.scales) == channels


def _zeros(tensor: Tensor) -> int | None:
    kind = _NUMPY.get(tensor.dtype)
    if kind is None or tensor.data is None or len(tensor.data) % np.dtype(kind).itemsize:
        return None
    values = np.frombuffer(tensor.data, dtype=kind)
    if tensor.dtype == "bfloat16":
        return tensor.size - int(np.count_nonzero(values & 0x7FFF))
    zero = _zero_points(tensor)
    if isinstance(zero, int) and zero == 0:
        return tensor.size - int(np.count_nonzero(values))
    if tensor.sparse:
        return None
    return int(np.count_nonzero(values.reshape(tensor.shape) == zero))


def _distinct(tensor: Tensor) -> int | None:
    if tensor.dtype != "int8" or tensor.data is None:
        return None
    return int(np.count_nonzero(np.bincount(np.frombuffer(tensor.data, np.uint8), minlength=256)))


def _zero_points(tensor: Tensor) -> int | npt.NDArray[np.int64]:
    """The value that stands for zero: one number, or an array that broadcasts over the channels."""
    points = set(tensor.zero_points) or {0}
    if len(points) == 1:
        return points.pop()
    shape = [1] * len(tensor.shape)
    if not 0 <= tensor.axis < len(shape) or tensor.shape[tensor.axis] != len(tensor.zero_points):
        return 0
    shape[tensor.axis] = len(tensor.zero_points)
    return np.array(tensor.zero_points, dtype=np.int64).reshape(shape)


def count_macs(graph: Graph) -> int:
    """Multiply-accumulate operations of one inference, of the operators that have a kernel.

    With a kernel of `kh*kw` and channels `ci` in, `co` out (and depth `kd` for 3-D):

        CONV_2D, CONV_3D          n * oh * ow * kh * kw * ci * co     (oh, ow: output; ci: of the kernel)
        DEPTHWISE_CONV_2D         n * oh * ow * kh * kw * co
        TRANSPOSE_CONV            n * ih * iw * kh * kw * ci * co     (ih, iw: input)
        FULLY_CONNECTED           rows * ci * co

    All are positions times the size of the kernel. Elementwise operators, pooling and resizing are not
    counted; a dynamic dimension counts as 1.
    """
    return sum(
        _positions(graph, operator) * graph.tensors[operator.inputs[KERNEL_INPUT[operator.name]]].size
        for operator in graph.operators
        if has_kernel(operator)
    )


def has_kernel(operator: Operator) -> bool:
    """Whether this is an operator with a kernel, and has the inputs and the output that belong to it."""
    needed = 3 if operator.name in _TRANSPOSED else 2
    given = (*operator.inputs[:needed], *operator.outputs[:1])
    return operator.name in KERNEL_INPUT and len(given) == needed + 1 and min(given) >= 0


def _positions(graph: Graph, operator: Operator) -> int:
    scanned = operator.inputs[2] if operator.name in _TRANSPOSED else operator.outputs[0]
    return math.prod(graph.tensors[scanned].shape[:-1])
