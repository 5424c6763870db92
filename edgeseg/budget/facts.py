"""What a budget can limit, and where the values come from: model files or bench results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from edgeseg.artifact import load_artifact
from edgeseg.bench.models import display_names, find_models
from edgeseg.bench.result import BenchResult, ModelResult
from edgeseg.bench.size import SizeResult, measure_size
from edgeseg.errors import CheckError, ResultError


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """Something that a budget can limit.

    Attributes:
        name: in budgets.toml and in sentences.
        unit: `bytes`, `count` or `share` (0 to 1).
        higher_is_better: whether the limit is a least value.
    """

    name: str
    unit: str
    higher_is_better: bool = False


#: All are the same every time for one file (Dice: for one file and data set). Time is not among them:
#: it can be compared on one and the same machine only.
METRICS = (
    Metric(name="bytes", unit="bytes"),
    Metric(name="gzip_bytes", unit="bytes"),
    Metric(name="xz_bytes", unit="bytes"),
    Metric(name="float_operators", unit="count"),
    Metric(name="partitions", unit="count"),
    Metric(name="dice", unit="share", higher_is_better=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """One model file.

    Attributes:
        name: the file's name, with as much of its folder as tells it from the others.
        values: metric -> value; metrics that were not measured are missing.
        why_missing: metric -> why it was not measured, as the end of a sentence.
    """

    name: str
    values: Mapping[str, float]
    why_missing: Mapping[str, str]

    @property
    def file_name(self) -> str:
        """What patterns are matched against."""
        return PurePosixPath(self.name).name


_NO_AUDIT = "the operators were not listed; install ai-edge-litert"
_NO_CONTAINER = "it is no .xz container; limit max_bytes or max_gzip_bytes"
_NO_DATA = "quality was not measured; bench with --data and check its results"
_NO_RESULTS = "quality is not in a model file; check the JSON of `edgeseg bench --data`"


def facts_of_folder(folder: Path) -> list[ModelFacts]:
    """Measure the model files of a folder; nothing is run but the audit.

    Raises:
        ArtifactError: no file, or one that is damaged or not what its sidecar says.
    """
    from edgeseg.audit.audit import audit_model  # checking results needs no schema of model files

    paths = find_models([folder])
    facts = []
    for path, name in zip(paths, display_names(paths), strict=True):
        artifact = load_artifact(path)
        size = measure_size(artifact.data, xz_bytes=artifact.packed_bytes)
        audit = audit_model(artifact.data, name=name).to_dict()
        facts.append(_facts(name, size=size, audit=audit, dice=None, no_dice=_NO_RESULTS))
    return facts


def facts_of_result(result: BenchResult) -> list[ModelFacts]:
    """Take the facts from a bench result; of several numbers of threads the least Dice counts.

    Raises:
        CheckError: a model failed in the bench.
        ResultError: the bench was interrupted.
    """
    if not result.complete:
        raise ResultError("the bench was interrupted, so models may be missing; let it run to its end")
    if result.failures:
        model, _, failure = result.failures[0]
        raise CheckError(f"{model.name} failed in the bench: {failure.reason}")
    return [_facts_of_model(model) for model in result.models]


def _facts_of_model(model: ModelResult) -> ModelFacts:
    dice = [each.quality.pooled["dice"] for each in model.measurements if each.quality]
    return _facts(
        model.name, size=model.size, audit=model.audit, dice=min(dice, default=None), no_dice=_NO_DATA
    )


def _facts(
    name: str,
    *,
    size: SizeResult | None,
    audit: Mapping[str, Any] | None,
    dice: float | None,
    no_dice: str,
) -> ModelFacts:
    audit = audit or {"runtime_problem": _NO_AUDIT}
    operators = audit.get("float_operators")
    found = {
        "bytes": size.raw_bytes if size else None,
        "gzip_bytes": size.gzip_bytes if size else None,
        "xz_bytes": size.xz_bytes if size else None,
        "float_operators": None if operators is None else len(operators),
        "partitions": audit.get("partitions"),
        "dice": dice,
    }
    reasons = {"dice": no_dice, "xz_bytes": _NO_CONTAINER}
    return ModelFacts(
        name=name,
        values={metric: value for metric, value in found.items() if value is not None},
        why_missing={
            metric: reasons.get(metric) or audit.get("runtime_problem") or _NO_AUDIT
            for metric, value in found.items()
            if value is None
        },
    )
