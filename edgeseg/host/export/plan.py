"""From recipes to a plan: what is made from what, in which order, and what is there already.

Reading a plan needs no TensorFlow, and making one changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from edgeseg.errors import OutputError
from edgeseg.host.export.export_options import ExportOptions
from edgeseg.host.training.run_folder import RunFolder, digest_best
from edgeseg.model import xz
from edgeseg.model.artifact import Artifact, load_artifact
from edgeseg.model.recipe import INT8_MIXED, RECIPES, Recipe, without_qat


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFile:
    """A file that is asked for.

    Attributes:
        recipe: how it is made, and what it is judged by.
        path: where it goes.
        made_from: all that decides its bytes, but the version of the software; JSON-able. The same command
            makes it once.
    """

    recipe: Recipe
    path: Path
    made_from: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSource:
    """A network that files are converted from, or that another one starts from.

    Attributes:
        methods: of fine-tuning that make it of the trained network, one after the other; it starts from the
            source without the last of them.
        files: to convert it to; none where it is a start only.
    """

    methods: tuple[str, ...]
    files: tuple[PlannedFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPlan:
    """What an export does.

    Attributes:
        model_sha256: digest of the trained run's best model.
        files: all that are asked for, in their order.
        kept: of these, by variant, what an earlier export made in the same way.
        sources: what the others need, each behind the one that it starts from.
        pairs: paths of a quantization-aware file and of the one that is had without, to be compared in the
            end where both are there.
    """

    model_sha256: str
    files: tuple[PlannedFile, ...]
    kept: Mapping[str, Artifact]
    sources: tuple[PlannedSource, ...]
    pairs: tuple[tuple[Path, Path], ...]


def plan_export(run: RunFolder, recipes: Sequence[Recipe], out: Path, options: ExportOptions) -> ExportPlan:
    """Plan the export of a run.

    Args:
        run: the trained run.
        recipes: what to make.
        out: folder for the files.
        options: how.

    Raises:
        TrainingError: the run has no finished epoch.
        ArtifactError: a file that is there is damaged.
        OutputError: a file that is there was made otherwise, and `force` is not set.
    """
    digest = digest_best(run)
    files = plan_files(run, recipes, out, options, model_sha256=digest)
    found = {} if options.force else {file.recipe.variant: find_made(file) for file in files}
    kept = {variant: artifact for variant, artifact in found.items() if artifact}
    return ExportPlan(
        model_sha256=digest,
        files=files,
        kept=kept,
        sources=plan_sources([file for file in files if file.recipe.variant not in kept]),
        pairs=_plan_pairs(run, [file.recipe.variant for file in files], out),
    )


def plan_files(
    run: RunFolder, recipes: Sequence[Recipe], out: Path, options: ExportOptions, *, model_sha256: str
) -> tuple[PlannedFile, ...]:
    """The files of recipes, with sparsity, clusters and agreement as the user chose them.

    Args:
        run: the trained run.
        recipes: what to make.
        out: folder for the files.
        options: how.
        model_sha256: digest of the run's best model.
    """
    wanted = [_as_asked(recipe, options) for recipe in recipes]
    return tuple(
        PlannedFile(
            recipe=recipe,
            path=out / file_name(run, recipe),
            made_from=_provenance(recipe, options, model_sha256),
        )
        for recipe in wanted
    )


def plan_sources(files: Sequence[PlannedFile]) -> tuple[PlannedSource, ...]:
    """The networks that files are made of, each behind the one that it starts from."""
    starts = [file.recipe.methods[:count] for file in files for count in range(len(file.recipe.methods) + 1)]
    return tuple(
        PlannedSource(methods=methods, files=tuple(file for file in files if file.recipe.methods == methods))
        for methods in dict.fromkeys(starts)
    )


def file_name(run: RunFolder, recipe: Recipe) -> str:
    """`NETWORK_DATASET_SIZE_VARIANT.tflite`, with `.xz` where it is compressed."""
    name = f"{run.network.name}_{run.dataset.name}_{run.network.input_size}_{recipe.variant}.tflite"
    return name + xz.SUFFIX if recipe.packed else name


def find_made(file: PlannedFile) -> Artifact | None:
    """The file that an earlier export made in the same way, or None where there is none.

    Raises:
        ArtifactError: the file is damaged.
        OutputError: the file that is there was made from another run, with other settings, or by hand.
    """
    if not file.path.exists():
        return None
    artifact = load_artifact(file.path)
    stated = (artifact.sidecar and artifact.sidecar.made_from) or {}
    differing = [key for key, value in file.made_from.items() if stated.get(key) != value]
    if differing:
        first = differing[0]
        how = f"with another {first} ({stated.get(first)}, now {file.made_from[first]})"
        if "model_sha256" in differing:
            how = "from another run"
        raise OutputError(
            f"{file.path} exists already and was made {how}; pass --force to replace it, or choose another "
            "--out"
        )
    return artifact


def _as_asked(recipe: Recipe, options: ExportOptions) -> Recipe:
    chosen, agreement = options.fine_tuning, options.min_agreement
    return replace(
        recipe,
        min_agreement=recipe.min_agreement if agreement is None else min(agreement, recipe.min_agreement),
        sparsity=None if recipe.sparsity is None else chosen.pruning.sparsity,
        clusters=None if recipe.clusters is None else chosen.clustering.clusters,
    )


def _provenance(recipe: Recipe, options: ExportOptions, model_sha256: str) -> dict[str, Any]:
    settings = {
        f"{method}.{name}": value
        for method in recipe.methods
        for name, value in asdict(options.fine_tuning.of(method)).items()
    }
    return settings | {
        "model_sha256": model_sha256,
        "calibration_count": options.calibration_count if recipe.calibrated else None,
        "keep_float": options.keep_float if recipe.variant == INT8_MIXED.variant else None,
        "seed": options.seed,
    }


def _plan_pairs(run: RunFolder, variants: Sequence[str], out: Path) -> tuple[tuple[Path, Path], ...]:
    pairs = [(tuned, without_qat(tuned)) for tuned in RECIPES.values()]
    return tuple(
        (out / file_name(run, tuned), out / file_name(run, plain))
        for tuned, plain in pairs
        if plain and (tuned.variant in variants or plain.variant in variants)
    )
