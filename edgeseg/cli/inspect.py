"""`edgeseg inspect`: what is really in a model file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgeseg.cli.console import progress, say, say_json, table
from edgeseg.errors import ArtifactError, CheckError, ConfigError
from edgeseg.model.recipe import Recipe, promised

if TYPE_CHECKING:
    from edgeseg.bench.size import SizeResult
    from edgeseg.diagnosis.against import Comparison
    from edgeseg.model.artifact import Artifact
    from edgeseg.model.audit_record import Audit
    from edgeseg.model.interface import Interface
    from edgeseg.model.sidecar import Verification


def inspect(
    model: Annotated[
        Path, typer.Argument(help="A .tflite or .tflite.xz file; edgeseg need not have made it.")
    ],
    tensors: Annotated[bool, typer.Option("--tensors", help="List every stored tensor.")] = False,
    against: Annotated[
        Path | None,
        typer.Option(metavar="FLOAT", help="Compare every layer with this float32 file; needs --data."),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="For --against: a data set; its validation images are run.")
    ] = None,
    images: Annotated[
        int | None, typer.Option(help="For --against: how many, at most [default: 10].", min=1)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, every stored tensor included.")] = False,
) -> None:
    """Show what is really in a model file, from its flatbuffer and from the runtime.

    With --against: what quantization did to every layer. Exit code 1 if a file with a sidecar does not
    keep what its variant promises.
    """
    if tensors and (as_json or against):
        raise ConfigError("--tensors adds to the page of one file; --json lists every stored tensor anyway")
    if (against is None) != (data is None) or (images and not against):
        raise ConfigError(
            "--against needs --data with the images to run, and both --data and --images need it"
        )

    from edgeseg.audit.audit import audit_model, judge
    from edgeseg.audit.notes import explain, explain_interface
    from edgeseg.bench.size import measure_size
    from edgeseg.model.artifact import load_artifact

    artifact = load_artifact(model)
    audit = audit_model(artifact.data, name=model.name, names=artifact.names)
    recipe = _promised(artifact)
    findings = judge(audit, recipe) if recipe else ()
    size = measure_size(artifact.data, xz_bytes=artifact.packed_bytes)
    notes = (*explain(audit), *explain_interface(artifact))
    comparison = _compare(artifact, against, data, images) if against and data else None
    if as_json:
        facts = _facts(artifact, audit, size, findings, notes)
        say_json(facts | {"against": comparison.to_dict()} if comparison else facts)
    elif comparison:
        say(_errors(comparison))
    else:
        say(_page(artifact, audit, size, findings, notes, tensors=tensors))
    if findings:
        raise CheckError(f"{model} is not what its sidecar says ({artifact.variant}): {'; '.join(findings)}")


def _promised(artifact: Artifact) -> Recipe | None:
    return promised(artifact.sidecar.recipe) if artifact.sidecar else None


def _compare(artifact: Artifact, against: Path, data: Path, images: int | None) -> Comparison:
    from edgeseg.data.dataset import open_dataset
    from edgeseg.diagnosis.against import DEFAULT_COUNT, compare
    from edgeseg.model.artifact import load_artifact

    reference, dataset = load_artifact(against), open_dataset(data)
    with progress("Comparing images") as report:
        return compare(artifact, reference, dataset, count=images or DEFAULT_COUNT, progress=report)


def _errors(comparison: Comparison) -> str:
    from edgeseg.model.audit_record import short_name

    rows = [
        [
            f"{each.index} {each.operator}", short_name(each.layer, 44), each.dtype,
            _decibels(each.sqnr_db), _decibels(each.input_sqnr_db), f"{each.entered:.4f}",
            f"{each.cosine:.5f}", "-" if each.saturation is None else f"{each.saturation:.2%}",
        ]
        for each in comparison.layers
    ]  # fmt: skip
    header = ["operator", "layer", "type", "SQNR dB", "of input", "entered", "cosine", "saturated"]
    checked = comparison.verification
    worst = ", ".join(f"{each.stem} {each.agreement:.2%}" for each in checked.worst[:3])
    return (
        f"{table(header, rows, left=(0, 1, 2))}\n\n"
        f"{checked.images} validation images; masks agree least on {worst}{_cells(checked)}\n\n"
        f"{comparison.recommendation}"
    )


def _cells(checked: Verification) -> str:
    """How far cells agree, as the end of a sentence; nothing where the model does not tell them apart."""
    cells = checked.cells
    if cells is None:
        return ""
    return f"; {cells.file:,} cells instead of {cells.reference:,}, F1 between them {cells.f1:.3f}"


def _verified(artifact: Artifact) -> dict[str, str]:
    """How far the file agreed with what it was made from, as its sidecar states."""
    checked = artifact.sidecar.verification if artifact.sidecar else None
    if checked is None:
        return {}
    return {
        "verified": f"{checked.agreement:.2%} of mask pixels as {checked.reference} on {checked.images} "
        f"images of {checked.split}{_cells(checked)}"
    }


def _decibels(value: float | None) -> str:
    return "exact" if value is None else f"{value:.1f}"


def _facts(
    artifact: Artifact, audit: Audit, size: SizeResult, findings: tuple[str, ...], notes: tuple[str, ...]
) -> dict[str, Any]:
    from edgeseg.records import to_data

    interface = _interface(artifact)
    checked = artifact.sidecar.verification if artifact.sidecar else None
    return {
        "file": str(artifact.path),
        "bytes": size.raw_bytes,
        "gzip_bytes": size.gzip_bytes,
        "xz_bytes": size.xz_bytes,
        "sidecar": "verified" if artifact.sidecar else None,
        "variant": artifact.variant,
        "judged": _promised(artifact) is not None,
        "findings": list(findings),
        "notes": list(notes),
        "interface": to_data(interface) if interface else None,
        "verification": to_data(checked) if checked else None,
        "audit": to_data(audit),
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
    sidecar = "verified: length and SHA-256 match" if artifact.sidecar else "none: the file is taken as it is"
    lines = {
        "file": str(artifact.path),
        "bytes": _sizes(size),
        "sidecar": sidecar,
        "variant": _variant(artifact, findings),
        **_usage(_interface(artifact)),
        **_verified(artifact),
        "parameters": f"{audit.parameters:,}",
        "MACs": f"{audit.macs:,}",
        "memory": f"{_bytes(audit.activation_bytes)} for activations, {_bytes(audit.arena_bytes)} arena of "
        "the built-in kernels (estimates)",
        "shapes": "static" if audit.static_shapes else "dynamic",
        "partitions": _partitions(audit),
    }
    return "\n".join(f"{name:<10}  {value}" for name, value in lines.items())


def _interface(artifact: Artifact) -> Interface | None:
    """What goes in and what comes out; None of a file that is no network from an image to maps."""
    try:
        return artifact.find_interface()
    except ArtifactError:  # said in the notes
        return None


def _usage(interface: Interface | None) -> dict[str, str]:
    if interface is None:
        return {}
    image, decoder = interface.input, interface.decoder
    kind = {1: "grey", 3: "colour"}.get(image.channels, f"{image.channels} channels")
    maps = ", ".join(each.name for each in interface.maps)
    ways = {"argmax": "the largest decides", "centres": f"above {decoder.threshold:g}, grouped by centres"}
    how = ways.get(decoder.kind, f"above {decoder.threshold:g}")
    return {
        "takes": f"{kind}, {image.width}x{image.height}, black {image.low:g} and white {image.high:g}",
        "gives": f"{maps} ({how})",
    }


def _sizes(size: SizeResult) -> str:
    compressed = f"{size.gzip_bytes:,} after gzip -9"
    if size.xz_bytes is not None:
        return f"{size.xz_bytes:,} as this .xz container ({size.raw_bytes:,} unpacked, {compressed})"
    return f"{size.raw_bytes:,} ({compressed})"


def _variant(artifact: Artifact, findings: tuple[str, ...]) -> str:
    if not artifact.sidecar:
        return "unknown, since no sidecar states it"
    if _promised(artifact) is None:
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
    from edgeseg.model.audit_record import short_name

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
    from edgeseg.model.audit_record import short_name

    rows = [
        [
            short_name(weight.tensor, 44), weight.operator, weight.role, "x".join(map(str, weight.shape)),
            weight.dtype, str(weight.scales) if weight.scales else "-",
            "?" if weight.sparsity is None else f"{weight.sparsity:.2%}",
        ]
        for weight in audit.weights
    ]  # fmt: skip
    return table(["tensor", "operator", "role", "shape", "type", "scales", "zeros"], rows, left=(0, 1, 2))
