"""Which operator of a quantized file does the work of which operator of its float file.

Numbers and names of tensors differ from tool to tool and even the order of operators may, so operators
are matched by what they are connected to: the same kind, reading the same activations (whatever
QUANTIZE or DEQUANTIZE lies between), giving the same shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgeseg.audit.weights import UNPACKING, has_kernel, stored_tensors
from edgeseg.errors import ArtifactError
from edgeseg.model.audit_record import short_name
from edgeseg.model.flatbuffer import Graph, Operator

#: Operators that change how a value is written, not the value.
CONVERSIONS = frozenset({"QUANTIZE", *UNPACKING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """An operator of the float file and its counterpart.

    Attributes:
        index: number of the operator in the float file.
        operator: its kind.
        name: of its output in the float file, the first part of a fused one.
        inputs: numbers of the activations that it reads in the float file.
        reference: number of its output in the float file.
        counterpart: number of its counterpart's output in the quantized file.
        kernel: shape of its kernel, output channels first; empty without one.
    """

    index: int
    operator: str
    name: str
    inputs: tuple[int, ...]
    reference: int
    counterpart: int
    kernel: tuple[int, ...]


def layer_name(name: str) -> str:
    """How a layer is called: the name of its output, of a fused one the first part."""
    return name.split(";", 1)[0]


def match_layers(reference: Graph, quantized: Graph, *, names: tuple[str, str]) -> tuple[Layer, ...]:
    """Pair the operators of two files of one network.

    Args:
        reference: the first graph of the float file.
        quantized: that of the quantized file.
        names: of the two files, for the sentence.

    Returns:
        One layer for each operator of the float file but conversions, in its order.

    Raises:
        ArtifactError: the two are not the same network.
    """
    first, second = _layers(reference), _layers(quantized)
    twins = dict(zip(reference.inputs, quantized.inputs, strict=False))
    aliases, found = _aliases(quantized), list[Layer]()
    for index, operator in first.items():
        wanted = tuple(twins.get(number, -2) for number in _read(reference, operator))
        match = next(
            (
                number
                for number, other in second.items()
                if other.name == operator.name
                and tuple(aliases.get(n, n) for n in _read(quantized, other)) == wanted
                and _shapes(reference, operator) == _shapes(quantized, other)
            ),
            None,
        )
        if match is None:
            raise ArtifactError(
                f"{names[0]} and {names[1]} are not the same network: nothing in the second does what "
                f"operator {index} {operator.name} "
                f"(output '{short_name(reference.tensors[operator.outputs[0]].name)}') of the first does; "
                "name the float file that the quantized one was made from"
            )
        twin = second.pop(match)
        twins.update(zip(operator.outputs, twin.outputs, strict=True))
        found.append(_layer(reference, index, operator, twin.outputs[0]))
    if second:
        index, operator = next(iter(second.items()))
        raise ArtifactError(
            f"{names[0]} and {names[1]} are not the same network: nothing in the first does what operator "
            f"{index} {operator.name} of the second does; name the float file that the quantized one was "
            "made from"
        )
    return tuple(found)


def _layers(graph: Graph) -> dict[int, Operator]:
    return {n: each for n, each in enumerate(graph.operators) if each.name not in CONVERSIONS}


def _aliases(graph: Graph) -> dict[int, int]:
    """Converted activations by the number of the tensor that they were converted from."""
    aliases: dict[int, int] = {}
    for operator in graph.operators:
        if operator.name in CONVERSIONS and operator.inputs:
            origin = operator.inputs[0]
            aliases.update(dict.fromkeys(operator.outputs, aliases.get(origin, origin)))
    return aliases


def _read(graph: Graph, operator: Operator) -> tuple[int, ...]:
    stored = stored_tensors(graph)
    return tuple(number for number in operator.inputs if number >= 0 and number not in stored)


def _shapes(graph: Graph, operator: Operator) -> Sequence[tuple[int, ...]]:
    tensors = [graph.tensors[number] for number in operator.outputs]
    kernel = [graph.tensors[operator.inputs[1]]] if has_kernel(operator) else []
    return [tensor.shape for tensor in (*tensors, *kernel)]


def _layer(graph: Graph, index: int, operator: Operator, counterpart: int) -> Layer:
    output = operator.outputs[0]
    return Layer(
        index=index,
        operator=operator.name,
        name=layer_name(graph.tensors[output].name),
        inputs=_read(graph, operator),
        reference=output,
        counterpart=counterpart,
        kernel=graph.tensors[operator.inputs[1]].shape if has_kernel(operator) else (),
    )
