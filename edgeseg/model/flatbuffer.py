"""A .tflite file as plain data: its graphs, operators, tensors and stored values.

The only module that reads by the TFLite schema (it comes with `ai-edge-litert`, or alone as `tflite`; `lean`
rewrites files). The schema's reader trusts every offset and length; here lengths are checked before they are
followed, so a damaged file ends in a sentence, not in a loop over four billion elements.
"""

from __future__ import annotations

import contextlib
import importlib
import math
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from edgeseg.errors import ArtifactError, MissingDependencyError
from edgeseg.model.interface import INTEGER_RANGES, Quantization, TensorFacts

#: Bytes of one value. Types that are packed (int4) or have no fixed width (string) are not here.
WIDTHS = {
    "float64": 8, "complex128": 16, "complex64": 8, "int64": 8, "uint64": 8,
    "float32": 4, "int32": 4, "uint32": 4,
    "float16": 2, "bfloat16": 2, "int16": 2, "uint16": 2,
    "int8": 1, "uint8": 1, "bool": 1,
}  # fmt: skip

#: TFLite's kernels end at 8; more than this is damage.
_MOST_DIMENSIONS = 32

#: What the tensors of each graph are called, by their numbers. A file that edgeseg wrote has its names in its
#: sidecar: no runtime needs them.
TensorNames = tuple[tuple[str, ...], ...]

_UNREADABLE = (
    struct.error, ValueError, TypeError, IndexError, OverflowError, AttributeError, KeyError, MemoryError,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """One tensor of a graph.

    Attributes:
        name: as its sidecar says, or as stored, or else its number; characters that a terminal would act on
            are replaced.
        shape: with 1 where a dimension is dynamic.
        signature: the shape with -1 where a dimension is dynamic.
        dtype: the schema's name in lower case, `float32`, `int8`, ...
        scales: of the quantization; one, or one for each channel; empty if not quantized.
        zero_points: as many as `scales`.
        axis: the dimension that the scales belong to, where there are several.
        buffer: where the values are stored; tensors with the same number share them.
        data: the stored values, or None if they are computed at run time.
        sparse: only the values that are not zero are stored, with their places.
        variable: keeps its value from one inference to the next.
    """

    name: str
    shape: tuple[int, ...]
    signature: tuple[int, ...]
    dtype: str
    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int
    buffer: int
    data: memoryview | None
    sparse: bool
    variable: bool

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """One operator; inputs and outputs are numbers of tensors, -1 for an optional one left out."""

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """One subgraph; the operators run in this order."""

    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def parse_model(data: bytes, *, name: str, names: TensorNames = ()) -> tuple[Graph, ...]:
    """Read the subgraphs of a .tflite file; the first is the one that runs.

    Args:
        data: the file's bytes.
        name: what to call the file in an error.
        names: of the tensors, from the file's sidecar (`Artifact.names`); none: as stored in the file.

    Raises:
        ArtifactError: the flatbuffer is damaged, or the names are those of other tensors.
        MissingDependencyError: no schema here.
    """
    schema = _schema()
    with refused_if_damaged(name):
        graphs = _Reader(data, schema).graphs()
    return _named(graphs, names, name) if names else graphs


@contextlib.contextmanager
def refused_if_damaged(name: str) -> Iterator[None]:
    """Turn what the schema's code raises on a damaged file into an `ArtifactError`.

    Args:
        name: what to call the file.
    """
    try:
        yield
    except _UNREADABLE as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ArtifactError(
            f"{name} is damaged: its parts do not fit together ({reason}); export or copy it again"
        ) from error


def _named(graphs: tuple[Graph, ...], names: TensorNames, name: str) -> tuple[Graph, ...]:
    there, named = ([len(each) for each in lists] for lists in ([g.tensors for g in graphs], names))
    if there != named:
        raise ArtifactError(
            f"the sidecar of {name} names {sum(named)} tensors, but the file has {sum(there)}; export again"
        )
    return tuple(
        replace(graph, tensors=tuple(map(_renamed, graph.tensors, own)))
        for graph, own in zip(graphs, names, strict=True)
    )


def _renamed(tensor: Tensor, name: str) -> Tensor:
    return replace(tensor, name=_printable(name))


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def list_facts(graph: Graph, numbers: Iterable[int]) -> tuple[TensorFacts, ...]:
    """Shape, type and scale of the tensors with these numbers, as of a graph's `inputs` or `outputs`."""
    return tuple(_facts(graph.tensors[number]) for number in numbers if number >= 0)


def _facts(tensor: Tensor) -> TensorFacts:
    scaled = tensor.dtype in INTEGER_RANGES and tensor.scales and tensor.scales[0] > 0
    return TensorFacts(
        shape=tensor.shape,
        dtype=tensor.dtype,
        quantization=Quantization(scale=tensor.scales[0], zero_point=tensor.zero_points[0])
        if scaled
        else None,
    )


def _schema() -> Any:
    try:
        return importlib.import_module("ai_edge_litert.schema_py_generated")
    except (ImportError, OSError) as error:
        try:
            return importlib.import_module("tflite")  # in pure Python, for 32-bit ARM
        except ImportError:
            raise MissingDependencyError(
                "reading a model's structure needs the TFLite schema of ai-edge-litert: `pip install "
                f"ai-edge-litert`, or where that has no wheel `pip install tflite` ({error})"
            ) from error


def _names(enumeration: Any) -> dict[int, str]:
    return {value: name for name, value in vars(enumeration).items() if not name.startswith("_")}


class _Reader:
    """Walks the schema's tables, and keeps count of what it reads.

    In a sound file every element that is read has bytes of its own (a few small ones are shared), so
    a total beyond a small multiple of the file's size means that lengths or offsets are wrong.
    """

    def __init__(self, data: bytes, schema: Any) -> None:
        self._data = memoryview(data)
        self._left = 4 * len(data) + 65536
        # Values may be shared by the subgraphs of many signatures.
        self._values_left = 64 * len(data)
        self._operators, self._types = _names(schema.BuiltinOperator), _names(schema.TensorType)
        self._model = schema.Model.GetRootAs(data)

    def _count(self, length: int, width: int = 4) -> range:
        self._left -= width * (length + 1)
        if self._left < 0:
            raise ValueError(f"more elements than fit into {len(self._data):,} bytes")
        return range(length)

    def _text(self, value: bytes | None) -> str:
        text = (value or b"").decode("utf-8", errors="replace")
        self._count(len(text), 1)
        return _printable(text)

    def graphs(self) -> tuple[Graph, ...]:
        model = self._model
        codes = [self._code(model.OperatorCodes(i)) for i in self._count(model.OperatorCodesLength())]
        buffers = [self._buffer(model.Buffers(i)) for i in self._count(model.BuffersLength())]
        graphs = tuple(
            self._graph(model.Subgraphs(i), codes, buffers) for i in self._count(model.SubgraphsLength())
        )
        if not graphs:
            raise ValueError("it holds no graph")
        return graphs

    def _code(self, code: Any) -> str:
        # Codes up to 126 were once a byte of their own; both fields are to be read.
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        if number == 32:
            return f"CUSTOM {self._text(code.CustomCode())}".rstrip()
        return self._operators.get(number, f"BUILTIN_{number}")

    def _buffer(self, buffer: Any) -> memoryview | None:
        if buffer.Offset() > 1:  # beyond the flatbuffer, in files of more than 2 GB
            first, length = buffer.Offset(), buffer.Size()
            if first + length > len(self._data):
                raise ValueError("stored values outside the file")
            return self._data[first : first + length] if length else None
        if not buffer.DataLength():
            return None
        return memoryview(buffer.DataAsNumpy())

    def _graph(self, graph: Any, codes: list[str], buffers: list[memoryview | None]) -> Graph:
        tensors = tuple(
            self._tensor(graph.Tensors(i), i, buffers) for i in self._count(graph.TensorsLength())
        )
        operators = tuple(
            self._operator(graph.Operators(i), codes) for i in self._count(graph.OperatorsLength())
        )
        inputs = self._numbers(graph.InputsLength(), graph.Inputs)
        outputs = self._numbers(graph.OutputsLength(), graph.Outputs)
        for number in _tensor_numbers(operators, inputs, outputs):
            if not -1 <= number < len(tensors):
                raise ValueError(f"tensor {number} of {len(tensors)}")
        return Graph(tensors=tensors, operators=operators, inputs=inputs, outputs=outputs)

    def _numbers(self, length: int, read: Any) -> tuple[int, ...]:
        return tuple(int(read(i)) for i in self._count(length))

    def _operator(self, operator: Any, codes: list[str]) -> Operator:
        return Operator(
            name=codes[operator.OpcodeIndex()],
            inputs=self._numbers(operator.InputsLength(), operator.Inputs),
            outputs=self._numbers(operator.OutputsLength(), operator.Outputs),
        )

    def _tensor(self, tensor: Any, index: int, buffers: list[memoryview | None]) -> Tensor:
        shape = self._numbers(tensor.ShapeLength(), tensor.Shape)
        scales, zero_points, axis = self._quantization(tensor.Quantization(), index)
        read = Tensor(
            name=self._text(tensor.Name()) or str(index),
            shape=shape,
            signature=self._numbers(tensor.ShapeSignatureLength(), tensor.ShapeSignature) or shape,
            dtype=self._types[tensor.Type()].lower(),
            scales=scales,
            zero_points=zero_points,
            axis=axis,
            buffer=tensor.Buffer(),
            data=buffers[tensor.Buffer()],
            sparse=tensor.Sparsity() is not None,
            variable=bool(tensor.IsVariable()),
        )
        self._check(read, index)
        return read

    def _quantization(self, stored: Any, index: int) -> tuple[tuple[float, ...], tuple[int, ...], int]:
        if stored is None or not stored.ScaleLength():
            return (), (), 0
        scales = tuple(float(stored.Scale(i)) for i in self._count(stored.ScaleLength()))
        if not all(map(math.isfinite, scales)):
            raise ValueError(f"tensor {index} has a scale that is not a finite number")
        zero_points = self._numbers(stored.ZeroPointLength(), stored.ZeroPoint) or (0,) * len(scales)
        return scales, zero_points, stored.QuantizedDimension()

    def _check(self, tensor: Tensor, index: int) -> None:
        if len(tensor.shape) > _MOST_DIMENSIONS or any(length < 0 for length in tensor.shape):
            raise ValueError(f"tensor {index} has the shape {tensor.shape}")
        if tensor.data is None:
            return
        self._values_left -= len(tensor.data)
        if self._values_left < 0:
            raise ValueError(f"more values than fit into {len(self._data):,} bytes")
        width = WIDTHS.get(tensor.dtype)
        if width and not tensor.sparse and len(tensor.data) != width * tensor.size:
            raise ValueError(
                f"tensor {index} of shape {tensor.shape} and type {tensor.dtype} needs "
                f"{width * tensor.size:,} bytes, and {len(tensor.data):,} are stored"
            )


def _tensor_numbers(
    operators: tuple[Operator, ...], inputs: tuple[int, ...], outputs: tuple[int, ...]
) -> Iterator[int]:
    yield from inputs
    yield from outputs
    for operator in operators:
        yield from operator.inputs
        yield from operator.outputs
