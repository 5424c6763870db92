"""What is known about model files: read from the files themselves, or taken from bench results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from edgeseg.audit.audit import audit_model
from edgeseg.bench.figure import Figure
from edgeseg.bench.figures import ARENA, FLOAT_OPERATORS, PARTITIONS, XZ_BYTES
from edgeseg.bench.models import display_names, find_models
from edgeseg.bench.quality import QualityResult
from edgeseg.bench.readers import Value
from edgeseg.bench.result import BenchResult, DatasetUsed, ModelResult
from edgeseg.bench.size import measure_size
from edgeseg.budget.limited import FILE_FIGURES, IMAGES, QUALITY_FIGURES, name_of
from edgeseg.errors import CheckError, ResultError
from edgeseg.model.artifact import load_artifact
from edgeseg.model.audit_record import Audit, OperatorRef


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """One model file.

    Attributes:
        name: the file's name, with as much of its folder as tells it from the others.
        values: name of a figure -> value; figures that were not measured are missing.
        why_missing: name -> why it was not measured, as the end of a sentence.
        details: name -> what its value consists of (`TRANSPOSE_CONV 2, MUL 1`).
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
_NOT_TOLD = "these results do not tell it; bench again with --data"
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
        model = ModelResult(
            name=name,
            variant=artifact.variant,
            sha256=None,
            size=measure_size(artifact.data, xz_bytes=artifact.packed_bytes),
            audit=audit_model(artifact.data, name=name, names=artifact.names),
            measurements=(),
        )
        facts.append(_facts(model, None, no_quality=_NO_RESULTS, path=path))
    return facts


def facts_of_result(result: BenchResult) -> list[ModelFacts]:
    """Take the facts from a bench result; of several runtimes the worst quality counts.

    Raises:
        CheckError: a model failed in the bench.
        ResultError: the bench was interrupted.
    """
    if not result.complete:
        raise ResultError("the bench was interrupted, so models may be missing; let it run to its end")
    if result.failures:
        model, _, failure = result.failures[0]
        raise CheckError(f"{model.name} failed in the bench: {failure.reason}")
    return [_facts(model, result.dataset, no_quality=_NO_DATA) for model in result.models]


def _facts(
    model: ModelResult, data: DatasetUsed | None, *, no_quality: str, path: Path | None = None
) -> ModelFacts:
    """Every figure that a budget can limit, or why it is not known."""
    found = {name_of(figure): figure.read(model) for figure in FILE_FIGURES}
    measured = [each.quality for each in model.measurements if each.quality]
    found |= {name_of(figure): _worst(figure, measured) for figure in QUALITY_FIGURES}
    found[name_of(IMAGES)] = IMAGES.read(data) if data and measured else None
    return ModelFacts(
        name=model.name,
        values={name: value for name, value in found.items() if value is not None},
        why_missing={name: _why_missing(model, name, no_quality) for name in found if found[name] is None},
        details=_details(model.audit) if model.audit else {},
        path=path,
    )


def _worst(figure: Figure[QualityResult], measured: Sequence[QualityResult]) -> float | None:
    values = [value for quality in measured if (value := figure.number(quality)) is not None]
    return (min if figure.higher_is_better else max)(values, default=None)


def _why_missing(model: ModelResult, name: str, no_quality: str) -> str:
    """As the end of a sentence."""
    if name in {name_of(IMAGES), *map(name_of, QUALITY_FIGURES)}:
        return _NOT_TOLD if any(each.quality for each in model.measurements) else no_quality
    if name == name_of(XZ_BYTES):
        return _NO_CONTAINER
    if model.audit and name == name_of(ARENA):
        return _NO_ARENA
    return (model.audit and model.audit.delegation.runtime_problem) or _NO_AUDIT


def _details(audit: Audit) -> dict[str, str]:
    """Which operators are counted, where it is bad to have any."""
    listed = {FLOAT_OPERATORS: audit.float_operators, PARTITIONS: audit.undelegated}
    return {name_of(figure): _histogram(operators) for figure, operators in listed.items() if operators}


def _histogram(operators: Sequence[OperatorRef]) -> str:
    kinds = Counter(operator.name for operator in operators)
    return ", ".join(f"{kind} {count}" for kind, count in kinds.most_common())
