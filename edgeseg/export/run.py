"""Exporting a training run: convert, audit, verify, and only then write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgeseg import container, files, preprocessing
from edgeseg.artifact import Artifact, load_artifact, save_artifact, sidecar_path
from edgeseg.calibration import DEFAULT_COUNT, draw_calibration
from edgeseg.data.dataset import SegmentationDataset
from edgeseg.errors import TrainingError
from edgeseg.export.convert import convert
from edgeseg.export.referee import RIVALS, judge_pair
from edgeseg.export.sources import SOURCES, Request, Source
from edgeseg.fine_tuning import FineTuning
from edgeseg.progress import Progress, silent
from edgeseg.recipe import RECIPES, Recipe
from edgeseg.training.keras import tf
from edgeseg.training.run_folder import RunFolder, best_row, environment, read_run
from edgeseg.verification import Reference, accept, draw_reference, sidecar_facts


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """How to export.

    Attributes:
        calibration_count: images for a calibrated recipe.
        seed: draws the calibration and verification images.
        fine_tuning: settings of the variants that need training of their own.
        force: replace files that are there, and begin fine-tunings again whose settings changed.
    """

    calibration_count: int = DEFAULT_COUNT
    seed: int = 0
    fine_tuning: FineTuning = field(default_factory=FineTuning)
    force: bool = False


def export_run(
    run: RunFolder,
    dataset: SegmentationDataset,
    recipes: Sequence[Recipe],
    out: Path,
    *,
    options: ExportOptions | None = None,
    progress: Progress = silent,
) -> list[Artifact]:
    """Make one file with its sidecar for each recipe.

    Args:
        run: the training run; its best epoch is exported, or what is fine-tuned from it.
        dataset: the one that it was trained on: calibration draws from its training split,
            verification from its validation split, nothing from test.
        recipes: what to make.
        out: folder for the files, made where needed.
        options: how.
        progress: told after each stage of each file, and the steps of a fine-tuning.

    Returns:
        The artifacts, in the order of the recipes. Where a fine-tuned file and its rival (`referee.RIVALS`)
        are both in the folder, the fine-tuned one's sidecar states which to ship.

    Raises:
        CheckError: a file does not keep what its recipe promises; that file is not written.
        TrainingError: the run has no finished epoch, or the data set is not the run's.
        OutputError: a file exists and `force` is not set, or cannot be written.
    """
    options = options or ExportOptions()
    _refuse_other_dataset(run, dataset)
    _refuse_fine_tuned(run)
    recipes = [_as_asked(recipe, options) for recipe in recipes]
    for recipe in recipes:
        files.refuse_existing(out / file_name(run, recipe), force=options.force)
    made: dict[str, Artifact] = {}
    by_source = {
        name: [each for each in recipes if each.source == name]
        for name in dict.fromkeys(recipe.source for recipe in recipes)
    }
    for name, group in by_source.items():
        request = Request(
            run=run, dataset=dataset, fine_tuning=options.fine_tuning, force=options.force, progress=progress
        )
        source = SOURCES[name](request)
        progress(len(made), len(recipes), "predicting with the Keras model")
        reference = _reference(source, dataset, options.seed)
        for recipe in group:
            progress(len(made), len(recipes), f"converting {recipe.variant}")
            path = out / file_name(run, recipe)
            made[recipe.variant] = _export_one(
                source, dataset, recipe, path, reference=reference, options=options
            )
    for tuned, plain in RIVALS.items():
        paths = [out / file_name(run, RECIPES[variant]) for variant in (tuned, plain)]
        if (tuned in made or plain in made) and all(path.exists() for path in paths):
            progress(len(recipes), len(recipes), f"comparing {tuned} with {plain}")
            made[tuned] = _referee(dataset, *paths)
    progress(len(recipes), len(recipes), "")
    return [made[recipe.variant] for recipe in recipes]


def _referee(dataset: SegmentationDataset, tuned: Path, plain: Path) -> Artifact:
    """Have two files compared; the verdict goes into the fine-tuned one's sidecar."""
    first = load_artifact(tuned)
    verdict = judge_pair(first, load_artifact(plain), dataset)
    files.write_json(sidecar_path(tuned), first.metadata | {"referee": verdict.to_dict()})
    return load_artifact(tuned)


def _export_one(
    source: Source,
    dataset: SegmentationDataset,
    recipe: Recipe,
    path: Path,
    *,
    reference: Reference,
    options: ExportOptions,
) -> Artifact:
    calibration = None
    if recipe.calibrated:
        calibration = draw_calibration(
            dataset,
            source.run.training.preprocessing,
            size=source.run.network.input_size,
            count=options.calibration_count,
            seed=options.seed,
        )
    data = convert(source.model, recipe, calibration.images if calibration else None)
    audit, verification = accept(data, recipe, reference, name=path.name)
    stored = container.pack(data) if recipe.packed else data
    facts = sidecar_facts(path, data, recipe, audit=audit, calibration=calibration, verification=verification)
    facts["packed_bytes"] = len(stored) if recipe.packed else None
    return save_artifact(path, stored, facts | _origin(source.run))


def _as_asked(recipe: Recipe, options: ExportOptions) -> Recipe:
    """The recipe with the sparsity and the clusters that the user chose: what the file is judged by."""
    chosen = options.fine_tuning
    return replace(
        recipe,
        sparsity=None if recipe.sparsity is None else chosen.pruning.sparsity,
        clusters=None if recipe.clusters is None else chosen.clustering.clusters,
    )


def file_name(run: RunFolder, recipe: Recipe) -> str:
    """`NETWORK_DATASET_SIZE_VARIANT.tflite`, with `.xz` where it is compressed."""
    name = f"{run.network.name}_{run.dataset['name']}_{run.network.input_size}_{recipe.variant}.tflite"
    return name + container.SUFFIX if recipe.packed else name


def _refuse_other_dataset(run: RunFolder, dataset: SegmentationDataset) -> None:
    if dataset.digest != run.dataset["digest"]:
        raise TrainingError(
            f"the data set {dataset.root} is not the one that {run.path} was trained on (its digest "
            "differs); name the right one with --data"
        )


def _refuse_fine_tuned(run: RunFolder) -> None:
    if "ranges" in read_run(run):
        raise TrainingError(
            f"{run.path} is a quantization-aware fine-tuning; export the run that it starts from, with "
            "--variant int8-qat or the like"
        )


def _reference(source: Source, dataset: SegmentationDataset, seed: int) -> Reference:
    run, model = source.run, source.model
    forward = tf.function(lambda batch: model(batch, training=False))

    def predict(tile: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
        output = forward(tf.constant(preprocessing.to_float(tile)[None, :, :, None])).numpy()
        return np.asarray(output[0, :, :, 0] > 0.5)

    return draw_reference(
        dataset,
        run.training.preprocessing,
        predict,
        model="its Keras model",
        size=run.network.input_size,
        seed=seed,
    )


def _origin(run: RunFolder) -> dict[str, Any]:
    """What the sidecar states about the training."""
    return {
        "preprocessing": run.training.preprocessing.to_dict(),
        "network": run.network.to_dict(),
        "training": run.training.to_dict() | {"best_epoch": best_row(run)},
        "origin": run.origin,
        "dataset": {key: value for key, value in run.dataset.items() if key != "root"},
        "environment": environment(),
    }
