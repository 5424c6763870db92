"""Model files with as few bytes beside their weights as the runtimes can do with.

A converter writes for people and for other tools: names, signatures, notes of its own. No runtime computes
with any of that, and what it does read is written for every tensor anew, though most of it is equal. A lean
file computes the same to the last bit; what its tensors were called is kept in its sidecar.

Reading and writing are those of the schema's own object interface, which comes with `ai-edge-litert`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from edgeseg.model.flatbuffer import Graph, TensorNames, parse_model, refused_if_damaged

#: Notes of the converter that no runtime reads. Others stay: one (`reduced_precision_support`) changes how a
#: runtime computes, and those of foreign files are not ours to judge.
_NOTES = frozenset({b"min_runtime_version", b"CONVERSION_METADATA"})


@dataclass(frozen=True, slots=True)
class LeanFile:
    """A model file ready to be written.

    Attributes:
        data: its bytes.
        names: what its tensors were called before, for the sidecar.
    """

    data: bytes
    names: TensorNames


def make_lean(data: bytes, *, name: str) -> LeanFile:
    """Rewrite a model file without what no runtime reads, and with what is equal stored once.

    Tensors keep their numbers, and are called by them: OpenVINO tells tensors apart by name. A file with
    several subgraphs keeps its signatures, which are the way into them. To do it twice changes nothing.

    Args:
        data: the .tflite file.
        name: what to call the file in an error.

    Raises:
        ArtifactError: the flatbuffer is damaged.
        MissingDependencyError: no schema here.
    """
    names = list_names(parse_model(data, name=name))
    with refused_if_damaged(name):
        model = _read(data)
        model.description = model.metadataBuffer = None
        model.metadata = [each for each in model.metadata or [] if each.name not in _NOTES] or None
        if len(model.subgraphs) == 1:
            model.signatureDefs = None
        for graph in model.subgraphs:
            graph.name = None
            for number, tensor in enumerate(graph.tensors):
                tensor.name = str(number)
                _strip_tensor(tensor)
            for operator in graph.operators:
                _strip_operator(operator)
        _drop_unused_buffers(model)
        _merge_operator_codes(model)
        return LeanFile(data=_write(model), names=names)


def with_names(data: bytes, graphs: tuple[Graph, ...], *, name: str) -> bytes:
    """A model file whose tensors are called as in its graphs: for tools that tell layers apart by name.

    Args:
        data: the .tflite file.
        graphs: of the file, parsed with the names of its sidecar.
        name: what to call the file in an error.

    Raises:
        ArtifactError: the flatbuffer is damaged.
    """
    with refused_if_damaged(name):
        model = _read(data)
        for stored, graph in zip(model.subgraphs, graphs, strict=True):
            for tensor, known in zip(stored.tensors, graph.tensors, strict=True):
                tensor.name = known.name
        return _write(model)


def list_names(graphs: tuple[Graph, ...]) -> TensorNames:
    """What the tensors of each graph are called, by their numbers."""
    return tuple(tuple(tensor.name for tensor in graph.tensors) for graph in graphs)


def _read(data: bytes) -> Any:
    from ai_edge_litert.tools.flatbuffer_utils import read_model_from_bytearray

    return read_model_from_bytearray(bytearray(data))


def _write(model: Any) -> bytes:
    from edgeseg.model.sharing_builder import SharingBuilder

    builder = SharingBuilder()
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def _strip_tensor(tensor: Any) -> None:
    if -1 not in _items(tensor.shapeSignature):
        tensor.shapeSignature = None  # as the shape
    if _items(tensor.shape):
        tensor.hasRank = False  # the shape says it
    if tensor.quantization is not None:
        tensor.quantization.min = tensor.quantization.max = None
        if not _items(tensor.quantization.scale) and not tensor.quantization.detailsType:
            tensor.quantization = None


def _strip_operator(operator: Any) -> None:
    if not any(_items(operator.mutatingVariableInputs)):
        operator.mutatingVariableInputs = None
    if not _items(operator.intermediates):
        operator.intermediates = None


def _items(vector: Any) -> list[Any]:
    """The items of a vector, which is None, a list or an array."""
    return [] if vector is None else list(vector)


def _drop_unused_buffers(model: Any) -> None:
    """Leave out the buffers that nothing refers to any more.

    Those with equal values keep their numbers, though the values are stored once: a tool that changes one of
    them changes no other.
    """
    numbers = {0: 0}  # the schema keeps the first one empty
    for holder in _holders(model):
        holder.buffer = numbers.setdefault(holder.buffer, len(numbers))
    model.buffers = [model.buffers[old] for old in numbers]


def _holders(model: Any) -> Iterator[Any]:
    """All that refers to a buffer."""
    for graph in model.subgraphs:
        yield from graph.tensors
    yield from model.metadata or []


def _merge_operator_codes(model: Any) -> None:
    """List each kind of operator once, and those alone that are there."""
    numbers: dict[tuple[Any, ...], int] = {}
    kept: list[Any] = []
    for graph in model.subgraphs:
        for operator in graph.operators:
            code = model.operatorCodes[operator.opcodeIndex]
            key = (code.builtinCode, code.deprecatedBuiltinCode, code.customCode, code.version)
            if key not in numbers:
                numbers[key] = len(kept)
                kept.append(code)
            operator.opcodeIndex = numbers[key]
    model.operatorCodes = kept
