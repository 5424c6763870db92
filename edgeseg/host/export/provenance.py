"""What a file was made from and how, so that the same command makes it once."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from edgeseg import files
from edgeseg.errors import OutputError, TrainingError
from edgeseg.host.export.options import ExportOptions
from edgeseg.host.training.run_folder import RunFolder
from edgeseg.model.artifact import Artifact, load_artifact
from edgeseg.model.recipe import INT8_MIXED, Recipe


def provenance(run: RunFolder, recipe: Recipe, options: ExportOptions) -> dict[str, Any]:
    """All that decides the bytes of a file, but the version of the software; JSON-able.

    Raises:
        TrainingError: the run has no finished epoch.
    """
    if not run.best_model.exists():
        raise TrainingError(f"{run.path} holds no finished epoch yet; train it first")
    settings = {
        f"{method}.{name}": value
        for method in recipe.methods
        for name, value in asdict(options.fine_tuning.of(method)).items()
    }
    return settings | {
        "model_sha256": files.sha256(run.best_model),
        "calibration_count": options.calibration_count if recipe.calibrated else None,
        "keep_float": options.keep_float if recipe.variant == INT8_MIXED.variant else None,
        "seed": options.seed,
    }


def find_made(path: Path, wanted: dict[str, Any]) -> Artifact | None:
    """The file that an earlier export made in the same way, or None where there is none.

    Args:
        path: where it lies.
        wanted: its provenance.

    Raises:
        ArtifactError: the file is damaged.
        OutputError: the file that is there was made from another run, with other settings, or by hand.
    """
    if not path.exists():
        return None
    artifact = load_artifact(path)
    stated = (artifact.sidecar and artifact.sidecar.made_from) or {}
    differing = [key for key in wanted if stated.get(key) != wanted[key]]
    if differing:
        first = differing[0]
        how = f"with another {first} ({stated.get(first)}, now {wanted[first]})"
        if "model_sha256" in differing:
            how = "from another run"
        raise OutputError(
            f"{path} exists already and was made {how}; pass --force to replace it, or choose another --out"
        )
    return artifact
