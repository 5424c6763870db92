"""`edgeseg inspect`: what is really in a model file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgeseg.cli.console import say, say_json, table
from edgeseg.errors import CheckError, ConfigError
from edgeseg.recipe import RECIPES

if TYPE_CHECKING:
    from edgeseg.artifact import Artifact
    from edgeseg.audit.audit import Audit
    from edgeseg.bench.size import SizeResult


def inspect(
    model: Annotated[Path, typer.Argument(help="A .tflite file; edgeseg need not have made it.")],
    tensors: Annotated[bool, typer.Option("--tensors", help="List every stored tensor.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, every stored tensor included.")] = False,
) -> None:
    """Show what is really in a model file, from its flatbuffer and from the runtime.

    Exit code 1 if a file with a sidecar does not keep what its variant promises.
    """
    if tensors and as_json:
        raise ConfigError("--tensors changes the page only; --json lists every stored tensor anyway")

    from edgeseg.artifact import load_artifact
    from edgeseg.audit.audit import audit_model, judge
    from edgeseg.audit.notes import explain
    from edgeseg.bench.size import measure_size

    artifact = load_artifact(model)
    audit = audit_model(artifact.data, name=model.name)
    recipe = RECIPES.get(artifact.variant)
    findings = judge(audit, recipe) if recipe else ()
    size, notes = measure_size(artifact.data), explain(audit)
    if as_json:
        say_json(_facts(artifact, audit, size, findings, notes))
    else:
        say(_page(artifact, audit, size, findings, notes, tensors=tensors))
    if findings:
        raise CheckError(f"{model} is not what its sidecar says ({artifact.variant}): {'; '.join(findings)}")


def _facts(
    artifact: Artifact, audit: Audit, size: SizeResult, findings: tuple[str, ...], notes: tuple[str, ...]
) -> dict[str, Any]:
    return {
        "file": str(artifact.path),
        "bytes": size.raw_bytes,
        "gzip_bytes": size.gzip_bytes,
        "sidecar": "verified" if artifact.metadata else None,
        "variant": artifact.variant,
        "judged": artifact.variant in RECIPES,
        "findings": list(findings),
        "notes": list(notes),
        "audit": audit.to_dict(),
    }


def _page(
    artifact: Artifact,
    audit: Audit,
    size: SizeResult,
    findings: tuple[str, ...],
    notes: tuple[str, ...],
    *,
    tensors: bool,
) -> str:
    blocks = [_summary(artifact, audit, size, findings), _ports(audit), _operators(audit), _kernels(audit)]
    if tensors:
        blocks.append(_tensors(audit))
    for title, sentences in (("not as promised", findings), ("notes", notes)):
        if sentences:
            blocks.append("\n".join([f"{title}:", *(f"  - {sentence}" for sentence in sentences)]))
    return "\n\n".join(blocks)


def _summary(artifact: Artifact, audit: Audit, size: SizeResult, findings: tuple[str, ...]) -> str:
    sidecar = (
        "verified: length and SHA-256 match" if artifact.metadata else "none: the file is taken as it is"
    )
    lines = {
        "file": str(artifact.path),
        "bytes": f"{size.raw_bytes:,} ({size.gzip_bytes:,} after gzip -9)",
        "sidecar": sidecar,
        "variant": _variant(artifact, findings),
        "parameters": f"{audit.parameters:,}",
        "MACs": f"{audit.macs:,}",
        "memory": f"{_bytes(audit.activation_bytes)} for activations, {_bytes(audit.arena_bytes)} arena of "
        "the built-in kernels (estimates)",
        "shapes": "static" if audit.static_shapes else "dynamic",
        "partitions": _partitions(audit),
    }
    return "\n".join(f"{name:<10}  {value}" for name, value in lines.items())


def _variant(artifact: Artifact, findings: tuple[str, ...]) -> str:
    if not artifact.metadata:
        return "unknown, since no sidecar states it"
    if artifact.variant not in RECIPES:
        return f"{artifact.variant}, which this version of edgeseg cannot judge"
    return f"{artifact.variant}: {'NOT as promised, see below' if findings else 'as promised'}"


def _bytes(count: int | None) -> str:
    return "unknown" if count is None else f"{count:,} bytes"


def _partitions(audit: Audit) -> str:
    found = audit.delegation
    if found.partitions is None:
        return "unknown, see notes"
    left = len(audit.undelegated)
    rest = f"{left} outside" if left else "every operator inside"
    return (
        f"{found.partitions} of {found.delegate or 'no delegate'}, {rest} "
        f"({found.runtime} {found.runtime_version})"
    )


def _ports(audit: Audit) -> str:
    from edgeseg.audit.activations import short_name

    rows = [
        [
            kind, short_name(port.name), "x".join(map(str, port.shape)) or "scalar", port.dtype,
            "-" if port.scale is None else f"{port.scale:.9g}",
            "-" if port.zero_point is None else str(port.zero_point),
        ]
        for kind, ports in (("input", audit.inputs), ("output", audit.outputs))
        for port in ports
    ]  # fmt: skip
    return table(["", "tensor", "shape", "type", "scale", "zero point"], rows, left=(0, 1))


def _operators(audit: Audit) -> str:
    floats = Counter(operator.name for operator in audit.float_operators)
    outside = Counter(operator.name for operator in audit.undelegated)
    known = audit.partitions is not None
    rows = [
        [name, str(count), str(floats[name]), str(outside[name]) if known else "?"]
        for name, count in audit.operators.items()
    ]
    return table(["operator", "count", "float", "outside XNNPACK"], rows)


def _kernels(audit: Audit) -> str:
    types = ", ".join(f"{count} {dtype}" for dtype, count in audit.weight_dtypes.items()) or "none"
    activations = ", ".join(f"{count} {dtype}" for dtype, count in audit.activations.items()) or "none"
    quantized = audit.per_channel_kernels + audit.per_tensor_kernels
    scales = f"; {audit.per_channel_kernels} of {quantized} per channel" if quantized else ""
    zeros = "" if audit.sparsity is None else f"; {audit.sparsity:.2%} zeros"
    return f"kernels      {types}{scales}{zeros}\nactivations  {activations}"


def _tensors(audit: Audit) -> str:
    from edgeseg.audit.activations import short_name

    rows = [
        [
            short_name(weight.tensor, 44), weight.operator, weight.role, "x".join(map(str, weight.shape)),
            weight.dtype, str(weight.scales) if weight.scales else "-",
            "?" if weight.sparsity is None else f"{weight.sparsity:.2%}",
        ]
        for weight in audit.weights
    ]  # fmt: skip
    return table(["tensor", "operator", "role", "shape", "type", "scales", "zeros"], rows, left=(0, 1, 2))
