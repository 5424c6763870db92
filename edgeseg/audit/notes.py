"""What an audit means, in plain words: remarks for people, no verdict."""

from __future__ import annotations

from collections.abc import Iterator

from edgeseg.errors import ArtifactError
from edgeseg.model.artifact import Artifact
from edgeseg.model.audit_record import Audit, OperatorRef, Weight
from edgeseg.text import counted

#: Below this, zeros among the weights are chance.
_PRUNED = 0.2

_INTEGERS = frozenset({"int8", "uint8", "int16"})


def explain(audit: Audit) -> tuple[str, ...]:
    """Remarks on what stands out in a file, the ones that cost most first; empty for a plain float model."""
    return tuple(
        sentence
        for remark in (_runtime, _partitions, _islands, _requantized, _weights, _zeros, _subgraphs)
        for sentence in remark(audit)
    )


def _runtime(audit: Audit) -> Iterator[str]:
    if audit.delegation.runtime_problem:
        yield f"partitions unknown: {audit.delegation.runtime_problem}"
    elif audit.partitions is None and audit.delegation.runtime:
        yield f"partitions unknown: they are ai-edge-litert's, and this is {audit.delegation.runtime}"


def _partitions(audit: Audit) -> Iterator[str]:
    if audit.partitions is None or not audit.undelegated:
        return
    kinds = ", ".join(dict.fromkeys(operator.name for operator in audit.undelegated))
    parts = counted(audit.partitions, "partition")
    if not audit.static_shapes:
        yield f"{parts} because shapes are dynamic ({kinds} stay outside XNNPACK): export with a batch of 1"
    else:
        yield f"{parts} because XNNPACK does not take {kinds}: every border costs a copy and slow kernels"


def _islands(audit: Audit) -> Iterator[str]:
    floats = audit.float_operators
    if _INTEGERS.isdisjoint(audit.activations) or not floats:
        return
    ends = all(operator.name in ("QUANTIZE", "DEQUANTIZE") for operator in floats)
    if ends and any(port.dtype == "float32" for port in (*audit.inputs, *audit.outputs)):
        yield "integer inside, float at the ends: QUANTIZE and DEQUANTIZE convert every image on the device"
    else:
        yield f"float islands: operators of an integer model that work on float values: {_named(floats)}"


def _named(operators: tuple[OperatorRef, ...], most: int = 8) -> str:
    shown = ", ".join(f"{operator.index} {operator.name}" for operator in operators[:most])
    return f"{shown} and {len(operators) - most} more" if len(operators) > most else shown


def _requantized(audit: Audit) -> Iterator[str]:
    floats = sum(operator.name == "QUANTIZE" for operator in audit.float_operators)
    count = audit.quantize_operators - floats
    if count:
        yield (
            f"QUANTIZE from int8 to int8 ({count}): quantization-aware training gives the branches of a "
            "concatenation scales of their own, which are then converted"
        )


def _weights(audit: Audit) -> Iterator[str]:
    types, floats = audit.weight_dtypes, _INTEGERS.isdisjoint(audit.activations)
    if "float16" in types:
        yield "float16 weights, unpacked to float32 when the file is loaded: half the bytes, no faster"
    if "int8" in types and floats:
        kept = types.get("float32", 0)
        rest = f" ({kept} small kernels stay float32)" if kept else ""
        yield f"dynamic range: int8 weights{rest}, float activations quantized in each operator"
    if audit.per_tensor_kernels:
        yield (
            "one scale for all channels, coarser than one for each, in "
            f"{_kernels([kernel for kernel in audit.kernels if kernel.per_channel is False])}"
        )


def _kernels(kernels: list[Weight]) -> str:
    kinds = dict.fromkeys(kernel.operator for kernel in kernels)
    return ", ".join(f"{sum(k.operator == kind for k in kernels)} {kind}" for kind in kinds)


def _zeros(audit: Audit) -> Iterator[str]:
    if any(weight.sparse_encoded for weight in audit.weights):
        yield "sparse encoding: fewer raw bytes, unpacked by DENSIFY when the file is loaded, no faster"
    elif audit.sparsity is not None and audit.sparsity >= _PRUNED:
        yield f"{audit.sparsity:.0%} of the weights are zero: fewer bytes after compression, no faster"


def _subgraphs(audit: Audit) -> Iterator[str]:
    if audit.subgraphs > 1:
        yield f"{audit.subgraphs} subgraphs: MACs, memory and partitions are those of the first"


def explain_interface(artifact: Artifact) -> tuple[str, ...]:
    """What stands out in how a file is used: why it cannot be, or what has to be assumed; mostly nothing."""
    try:
        assumed = artifact.find_interface().assumed
    except ArtifactError as error:
        return (f"not for `edgeseg predict`: {error}",)
    return (f"assumed, since no sidecar states it: {'; '.join(assumed)}",) if assumed else ()
