"""The audit of a .tflite file: the name is a claim, the flatbuffer is the fact.

`audit_model` finds the facts, `judge` compares them with what a recipe promises.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edgeseg.audit.activations import (
    activation_numbers,
    float_operators,
    has_static_shapes,
    list_ports,
    refer,
)
from edgeseg.audit.arena import activation_bytes, arena_bytes
from edgeseg.audit.delegation import measure_delegation
from edgeseg.audit.weights import count_macs, list_weights
from edgeseg.model.audit_record import Audit, OperatorRef, Weight, count_by_name, short_name
from edgeseg.model.flatbuffer import TensorNames, parse_model
from edgeseg.model.recipe import Recipe

#: The converter leaves smaller kernels in float32 when it quantizes weights only.
SMALLEST_QUANTIZED_KERNEL = 1024

#: The number of zeros is whole, and rounded.
SPARSITY_TOLERANCE = 0.001


def audit_model(data: bytes, *, name: str, names: TensorNames = ()) -> Audit:
    """Find out what is in a model file.

    Args:
        data: its bytes.
        name: what to call it in sentences.
        names: of its tensors, from its sidecar (`Artifact.names`); none: as stored in the file.

    Raises:
        ArtifactError: the flatbuffer is damaged, or the names are those of other tensors. A file that only
            the runtime refuses is audited as far as that goes: `partitions` is None and
            `delegation.runtime_problem` says why.
        MissingDependencyError: the TFLite schema is not installed.
    """
    graphs = parse_model(data, name=name, names=names)
    main = graphs[0]
    arena = arena_bytes(main)
    delegation = measure_delegation(data, name=name, needed_bytes=arena or 0)
    operators = count_by_name(operator.name for graph in graphs for operator in graph.operators)
    return Audit(
        name=name,
        subgraphs=len(graphs),
        operators=operators,
        inputs=list_ports(main, main.inputs),
        outputs=list_ports(main, main.outputs),
        activations=count_by_name(
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
