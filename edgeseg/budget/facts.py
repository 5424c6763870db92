"""What is known about model files: read from the files themselves, or taken from bench results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from edgeseg.audit.audit import audit_model
from edgeseg.bench.models import display_names, find_models
from edgeseg.bench.result import BenchResult, DatasetUsed, ModelResult
from edgeseg.bench.size import SizeResult, measure_size
from edgeseg.budget.metrics import Value
from edgeseg.errors import CheckError, ResultError
from edgeseg.model.artifact import load_artifact
from edgeseg.model.audit_record import Audit, OperatorRef


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """One model file.

    Attributes:
        name: the file's name, with as much of its folder as tells it from the others.
        values: metric -> value; metrics that were not measured are missing.
        why_missing: metric -> why it was not measured, as the end of a sentence.
        details: metric -> what its value consists of (`TRANSPOSE_CONV 2, MUL 1`).
        path: where the file is; `None` in bench results.
    """

    name: str
    values: Mapping[str, Value]
    why_missing: Mapping[str, str]
    details: Mapping[str, str] = field(default_factory=dict)
    path: Path | None = None

    @property
    def file_name(self) -> str:
        """What patterns are matched against."""
        return PurePosixPath(self.name).name


_NO_AUDIT = "the operators were not listed; install ai-edge-litert"
_NO_ARENA = "its tensors are of unknown size, so their memory cannot be planned"
_NO_CONTAINER = "it is no .xz container; limit max_bytes or max_gzip_bytes"
_NO_DATA = "quality was not measured; bench with --data and check its results"
_NO_RESULTS = "quality is not in a model file; check the JSON of `edgeseg bench --data`"


def facts_of_folder(folder: Path) -> list[ModelFacts]:
    """Measure the model files of a folder; nothing is run but the audit.

    Raises:
        ArtifactError: no file, or one that is damaged or not what its sidecar says.
    """
    paths = find_models([folder])
    facts = []
    for path, name in zip(paths, display_names(paths), strict=True):
        artifact = load_artifact(path)
        size = measure_size(artifact.data, xz_bytes=artifact.packed_bytes)
        audit = audit_model(artifact.data, name=name)
        facts.append(_facts(name, path=path, size=size, audit=audit, dice=None, no_dice=_NO_RESULTS))
    return facts


def facts_of_result(result: BenchResult) -> list[ModelFacts]:
    """Take the facts from a bench result; of several runtimes the least Dice counts.

    Raises:
        CheckError: a model failed in the bench.
        ResultError: the bench was interrupted.
    """
    if not result.complete:
        raise ResultError("the bench was interrupted, so models may be missing; let it run to its end")
    if result.failures:
        model, _, failure = result.failures[0]
        raise CheckError(f"{model.name} failed in the bench: {failure.reason}")
    return [_facts_of_model(model, result.dataset) for model in result.models]


def _facts_of_model(model: ModelResult, data: DatasetUsed | None) -> ModelFacts:
    dice = [each.quality.pooled["dice"] for each in model.measurements if each.quality]
    return _facts(
        model.name,
        size=model.size,
        audit=model.audit,
        dice=min(dice, default=None),
        no_dice=_NO_DATA,
        data=data if dice else None,
    )


def _facts(
    name: str,
    *,
    size: SizeResult | None,
    audit: Audit | None,
    dice: float | None,
    no_dice: str,
    data: DatasetUsed | None = None,
    path: Path | None = None,
) -> ModelFacts:
    found = {
        "bytes": size.raw_bytes if size else None,
        "gzip_bytes": size.gzip_bytes if size else None,
        "xz_bytes": size.xz_bytes if size else None,
        **_of_audit(audit),
        "dice": dice,
        "dice_data": _name_data(data) if data else None,
    }
    reasons = {"dice": no_dice, "dice_data": no_dice, "xz_bytes": _NO_CONTAINER}
    if audit:
        reasons |= {"arena_bytes": _NO_ARENA, "partitions": audit.delegation.runtime_problem or _NO_AUDIT}
    return ModelFacts(
        name=name,
        values={metric: value for metric, value in found.items() if value is not None},
        why_missing={
            metric: reasons.get(metric) or _NO_AUDIT for metric, value in found.items() if value is None
        },
        details=_details(audit) if audit else {},
        path=path,
    )


def _name_data(data: DatasetUsed) -> str:
    """What must be the same for two values of Dice to be compared; the folder's name need not."""
    return f"{data.images} of {data.of} images of the {data.split} split, digest {data.digest[:12]}"


def _of_audit(audit: Audit | None) -> dict[str, Value | None]:
    return {
        "macs": audit.macs if audit else None,
        "parameters": audit.parameters if audit else None,
        "operators": sum(audit.operators.values()) if audit else None,
        "operator_kinds": tuple(sorted(audit.operators)) if audit else None,
        "float_operators": len(audit.float_operators) if audit else None,
        "partitions": audit.partitions if audit else None,
        "arena_bytes": audit.arena_bytes if audit else None,
    }


def _details(audit: Audit) -> dict[str, str]:
    """Which operators are counted, where it is bad to have any."""
    listed = {"float_operators": audit.float_operators, "partitions": audit.undelegated}
    return {metric: _histogram(operators) for metric, operators in listed.items() if operators}


def _histogram(operators: Sequence[OperatorRef]) -> str:
    kinds = Counter(operator.name for operator in operators)
    return ", ".join(f"{kind} {count}" for kind, count in kinds.most_common())
