"""The audit of a .tflite file: the name is a claim, the flatbuffer is the fact.

`audit_model` finds the facts, `judge` compares them with what a recipe promises.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self

from edgeseg.audit.activations import (
    OperatorRef,
    Port,
    activation_numbers,
    float_operators,
    has_static_shapes,
    list_ports,
    refer,
    short_name,
)
from edgeseg.audit.arena import activation_bytes, arena_bytes
from edgeseg.audit.delegation import Delegation, measure_delegation
from edgeseg.audit.weights import Weight, count_macs, list_weights, overall_sparsity
from edgeseg.errors import EdgesegError
from edgeseg.model.flatbuffer import parse_model
from edgeseg.model.recipe import Recipe
from edgeseg.records import from_data

#: The converter leaves smaller kernels in float32 when it quantizes weights only.
SMALLEST_QUANTIZED_KERNEL = 1024

#: The number of zeros is whole, and rounded.
SPARSITY_TOLERANCE = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What is in a model file.

    An activation is a tensor that is computed while the model runs; stored values that an operator
    only unpacks (float16 weights through DEQUANTIZE) are none.

    Attributes:
        name: of the file.
        subgraphs: number of graphs.
        operators: kind -> count over all graphs, the most frequent first.
        inputs: of the first graph.
        outputs: of the first graph.
        activations: dtype -> number of activations.
        float_operators: those that read or write a float activation.
        quantize_operators: number of QUANTIZE.
        dequantize_operators: number of DEQUANTIZE, those that unpack weights included.
        weights: every learned tensor.
        macs: multiply-accumulates of one inference; `weights.count_macs` states the formulas.
        activation_bytes: memory that the activations need at the peak, an estimate; or None.
        arena_bytes: memory of the built-in kernels' arena, scratch included, an estimate; or None.
        static_shapes: no dimension is -1 and no SHAPE operator computes one.
        delegation: what the runtime made of it.
        undelegated: the operators of the first graph that stayed with the built-in kernels.
    """

    name: str
    subgraphs: int
    operators: dict[str, int]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    activations: dict[str, int]
    float_operators: tuple[OperatorRef, ...]
    quantize_operators: int
    dequantize_operators: int
    weights: tuple[Weight, ...]
    macs: int
    activation_bytes: int | None
    arena_bytes: int | None
    static_shapes: bool
    delegation: Delegation
    undelegated: tuple[OperatorRef, ...]

    @property
    def kernels(self) -> tuple[Weight, ...]:
        """The weights without biases and other constants."""
        return tuple(weight for weight in self.weights if weight.role == "kernel")

    @property
    def parameters(self) -> int:
        """Number of learned values that are stored."""
        return sum(weight.size for weight in self.weights)

    @property
    def partitions(self) -> int | None:
        """Runs of operators that the delegate took; None if the runtime could not load the file."""
        return self.delegation.partitions

    @property
    def weight_dtypes(self) -> dict[str, int]:
        """Type -> number of kernels."""
        return _histogram(weight.dtype for weight in self.kernels)

    @property
    def per_channel_kernels(self) -> int:
        """Quantized kernels with a scale for each channel."""
        return sum(weight.per_channel is True for weight in self.kernels)

    @property
    def per_tensor_kernels(self) -> int:
        """Quantized kernels with one scale for all channels."""
        return sum(weight.per_channel is False for weight in self.kernels)

    @property
    def sparsity(self) -> float | None:
        """Share of zeros over all kernels, 0 to 1."""
        return overall_sparsity(self.weights)

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data, the derived figures included."""
        facts = {field: getattr(self, field) for field in _FACTS}
        listed = {field: [asdict(item) for item in getattr(self, field)] for field in _LISTS}
        delegation = asdict(self.delegation)
        del delegation["undelegated"]
        weights = [asdict(weight) | {"sparsity": weight.sparsity} for weight in self.weights]
        return facts | delegation | listed | {"weights": weights}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any], *, where: str, error: type[EdgesegError]) -> Self:
        """From `to_dict`'s data; derived figures are passed over, since they follow from the rest.

        Args:
            value: the data.
            where: what it was read from, for the sentence.
            error: the class to raise.

        Raises:
            EdgesegError: as the `error` given: a part is missing or of another kind.
        """
        delegation = {each.name: value.get(each.name) for each in fields(Delegation)} | {"undelegated": []}
        stated = from_data(
            cls, {**value, "delegation": delegation}, where=where, error=error, unknown="ignore"
        )
        numbers = tuple(each.index for each in stated.undelegated)
        return replace(stated, delegation=replace(stated.delegation, undelegated=numbers))


_FACTS = (
    "name", "subgraphs", "operators", "activations", "quantize_operators", "dequantize_operators",
    "parameters", "macs", "weight_dtypes", "per_channel_kernels", "per_tensor_kernels", "sparsity",
    "activation_bytes", "arena_bytes", "static_shapes",
)  # fmt: skip
_LISTS = ("undelegated", "float_operators", "inputs", "outputs")


def audit_model(data: bytes, *, name: str) -> Audit:
    """Find out what is in a model file.

    Args:
        data: its bytes.
        name: what to call it in sentences.

    Raises:
        ArtifactError: the flatbuffer is damaged. A file that only the runtime refuses is audited as far
            as that goes: `partitions` is None and `delegation.runtime_problem` says why.
        MissingDependencyError: the TFLite schema is not installed.
    """
    graphs = parse_model(data, name=name)
    main = graphs[0]
    arena = arena_bytes(main)
    delegation = measure_delegation(data, name=name, needed_bytes=arena or 0)
    operators = _histogram(operator.name for graph in graphs for operator in graph.operators)
    return Audit(
        name=name,
        subgraphs=len(graphs),
        operators=operators,
        inputs=list_ports(main, main.inputs),
        outputs=list_ports(main, main.outputs),
        activations=_histogram(
            graph.tensors[number].dtype for graph in graphs for number in activation_numbers(graph)
        ),
        float_operators=tuple(float_operators(graphs)),
        quantize_operators=operators.get("QUANTIZE", 0),
        dequantize_operators=operators.get("DEQUANTIZE", 0),
        weights=list_weights(graphs),
        macs=count_macs(main),
        activation_bytes=activation_bytes(main),
        arena_bytes=arena,
        static_shapes=has_static_shapes(graphs),
        delegation=delegation,
        undelegated=tuple(refer(graphs, 0, i) for i in delegation.undelegated if i < len(main.operators)),
    )


def _histogram(names: Iterable[str]) -> dict[str, int]:
    return dict(Counter(names).most_common())


def judge(audit: Audit, recipe: Recipe) -> tuple[str, ...]:
    """What breaks the recipe's promise, one sentence each; empty if the file is what its name says.

    Args:
        audit: of the file.
        recipe: that it claims to follow.
    """
    return tuple(
        sentence
        for check in (
            _wrong_ports,
            _float_activations,
            _wrong_weights,
            _coarse_weights,
            _wrong_sparsity,
            _wrong_clusters,
            _split,
        )
        for sentence in check(audit, recipe)
    )


def _wrong_ports(audit: Audit, recipe: Recipe) -> Iterator[str]:
    for kind, ports in (("input", audit.inputs), ("output", audit.outputs)):
        for port in ports:
            if port.dtype != recipe.io:
                yield f"{kind} '{short_name(port.name)}' is {port.dtype}, expected {recipe.io}"


def _float_activations(audit: Audit, recipe: Recipe) -> Iterator[str]:
    floats = [each for each in audit.float_operators if not _stays_float(each, recipe)]
    if recipe.full_integer and floats:
        yield f"expected integer activations only, but float values pass {_first(floats)}"
    if recipe.activations == "float32" and "int8" in audit.activations:
        yield f"expected float32 activations, but {audit.activations['int8']} are int8"
    missing = sorted(set(recipe.float_layers) - {each.tensor for each in audit.float_operators})
    if missing:
        yield f"expected these layers in float, but they are not: {_first([*map(short_name, missing)])}"


def _stays_float(operator: OperatorRef, recipe: Recipe) -> bool:
    conversion = bool(recipe.float_layers) and operator.name in ("QUANTIZE", "DEQUANTIZE")
    return conversion or operator.tensor in recipe.float_layers


def _wrong_weights(audit: Audit, recipe: Recipe) -> Iterator[str]:
    wrong = [kernel for kernel in audit.kernels if not _keeps_type(kernel, recipe)]
    if wrong:
        shown = _first(
            [f"{kernel.dtype} in {kernel.operator} '{short_name(kernel.tensor)}'" for kernel in wrong]
        )
        yield f"expected {recipe.weights} weights, but found {shown}"


def _keeps_type(kernel: Weight, recipe: Recipe) -> bool:
    if kernel.output in recipe.float_layers:
        return kernel.dtype == "float32"
    weights_only = recipe.weights == "int8" and not recipe.full_integer
    small = weights_only and kernel.dtype == "float32" and kernel.size < SMALLEST_QUANTIZED_KERNEL
    return small or kernel.dtype == recipe.weights


def _coarse_weights(audit: Audit, recipe: Recipe) -> Iterator[str]:
    if not recipe.full_integer:
        return
    coarse = [k for k in audit.kernels if k.per_channel is False and "CONV" in k.operator]
    if coarse:
        shown = _first([f"{kernel.operator} '{short_name(kernel.tensor)}'" for kernel in coarse])
        yield f"expected one weight scale for each channel, but there is one for all in {shown}"


def _wrong_sparsity(audit: Audit, recipe: Recipe) -> Iterator[str]:
    if recipe.sparsity is None:
        return
    if audit.sparsity is None:
        yield "the zeros among its weights cannot be counted"
        return
    # Quantization may make zeros of its own.
    excess = recipe.weights == "float32" and audit.sparsity > recipe.sparsity + SPARSITY_TOLERANCE
    if excess or audit.sparsity < recipe.sparsity - SPARSITY_TOLERANCE:
        yield f"expected {recipe.sparsity:.2%} zeros among its weights, but found {audit.sparsity:.2%}"


def _wrong_clusters(audit: Audit, recipe: Recipe) -> Iterator[str]:
    if recipe.clusters is None:
        return
    most = recipe.clusters + 1  # zero is not counted
    wrong = [kernel for kernel in audit.kernels if kernel.distinct is None or kernel.distinct > most]
    if wrong:
        shown = _first([f"{kernel.operator} '{short_name(kernel.tensor)}'" for kernel in wrong])
        yield f"expected {recipe.clusters} different weights beside zero in each kernel, but not in {shown}"


def _split(audit: Audit, recipe: Recipe) -> Iterator[str]:  # noqa: ARG001  all checks are called alike
    if not audit.static_shapes:
        yield "shapes are dynamic (a dimension is -1 or computed by SHAPE), expected a static batch of 1"
    found = audit.delegation
    if found.runtime_problem:
        yield found.runtime_problem
    elif found.partitions is not None and (found.partitions != 1 or audit.undelegated):
        left = _first(audit.undelegated) if audit.undelegated else "nothing"
        yield (
            f"expected one partition of {found.delegate or 'XNNPACK'} that holds every operator, but "
            f"{found.runtime} {found.runtime_version} makes {found.partitions} and leaves out {left}"
        )


def _first(items: Sequence[object], most: int = 3) -> str:
    shown = ", ".join(str(item) for item in items[:most])
    return f"{shown} and {len(items) - most} more" if len(items) > most else shown
