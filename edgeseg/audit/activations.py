"""What flows through a model while it runs: inputs, outputs, activations, and who computes in float.

An activation is a tensor that is computed while the model runs; stored values that an operator only
unpacks (float16 weights through DEQUANTIZE) are none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from edgeseg.audit.weights import stored_tensors
from edgeseg.model.audit_record import OperatorRef, Port
from edgeseg.model.flatbuffer import Graph, Tensor


def list_ports(graph: Graph, numbers: Iterable[int]) -> tuple[Port, ...]:
    """The tensors with these numbers as inputs or outputs."""
    return tuple(_port(graph.tensors[number]) for number in numbers if number >= 0)


def _port(tensor: Tensor) -> Port:
    return Port(
        name=tensor.name,
        shape=tensor.signature,
        dtype=tensor.dtype,
        scale=tensor.scales[0] if tensor.scales else None,
        zero_point=tensor.zero_points[0] if tensor.zero_points else None,
    )


def activation_numbers(graph: Graph) -> set[int]:
    """The tensors that are computed while the graph runs, its inputs included."""
    used = {*graph.inputs, *graph.outputs}
    for operator in graph.operators:
        used.update(operator.inputs, operator.outputs)
    return used - stored_tensors(graph).keys() - {-1}


def float_operators(graphs: Sequence[Graph]) -> Iterator[OperatorRef]:
    """The operators that read or write a float activation, in the order they run."""
    for number, graph in enumerate(graphs):
        floats = {n for n in activation_numbers(graph) if "float" in graph.tensors[n].dtype}
        for index, operator in enumerate(graph.operators):
            if not floats.isdisjoint((*operator.inputs, *operator.outputs)):
                yield refer(graphs, number, index)


def refer(graphs: Sequence[Graph], subgraph: int, index: int) -> OperatorRef:
    """The name of an operator for sentences and tables."""
    operator = graphs[subgraph].operators[index]
    outputs = [graphs[subgraph].tensors[number].name for number in operator.outputs if number >= 0]
    return OperatorRef(
        subgraph=subgraph, index=index, name=operator.name, tensor=outputs[0] if outputs else ""
    )


def has_static_shapes(graphs: Sequence[Graph]) -> bool:
    """Whether no dimension is -1 and no SHAPE operator computes one."""
    known = all(length >= 0 for graph in graphs for tensor in graph.tensors for length in tensor.signature)
    return known and not any(operator.name == "SHAPE" for graph in graphs for operator in graph.operators)
