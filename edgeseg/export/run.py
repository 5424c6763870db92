"""Exporting a training run: convert, audit, verify, and only then write."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from edgeseg import artifact, files, preprocessing
from edgeseg.artifact import Artifact, load_artifact, sidecar_path
from edgeseg.audit.audit import Audit, audit_model, judge
from edgeseg.data.dataset import SegmentationDataset
from edgeseg.errors import CheckError, TrainingError
from edgeseg.export.calibration import DEFAULT_COUNT, Calibration, draw_calibration, window
from edgeseg.export.convert import convert
from edgeseg.export.sources import SOURCES, Request, Source
from edgeseg.export.verify import Reference, Verification, verify
from edgeseg.fine_tuning import FineTuning
from edgeseg.progress import Progress, silent
from edgeseg.recipe import Recipe
from edgeseg.training.keras import tf
from edgeseg.training.run_folder import RunFolder, environment, read_history


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


#: Validation images that a file is verified on, at most.
VERIFY_COUNT = 100


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
        The artifacts, in the order of the recipes.

    Raises:
        CheckError: a file does not keep what its recipe promises; that file is not written.
        TrainingError: the run has no finished epoch, or the data set is not the run's.
        OutputError: a file exists and `force` is not set, or cannot be written.
    """
    options = options or ExportOptions()
    _refuse_other_dataset(run, dataset)
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
    progress(len(recipes), len(recipes), "")
    return [made[recipe.variant] for recipe in recipes]


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
    audit = audit_model(data, name=path.name)
    _refuse_broken_promise(path.name, judge(audit, recipe))
    verification = verify(data, reference, name=path.name)
    _refuse_disagreement(path.name, recipe, verification)
    metadata = _metadata(
        source.run, path, data, recipe, audit=audit, calibration=calibration, verification=verification
    )
    files.write_bytes(path, data)
    files.write_json(sidecar_path(path), metadata)
    return load_artifact(path)


def file_name(run: RunFolder, recipe: Recipe) -> str:
    """`NETWORK_DATASET_SIZE_VARIANT.tflite`."""
    return f"{run.network.name}_{run.dataset['name']}_{run.network.input_size}_{recipe.variant}.tflite"


def _refuse_other_dataset(run: RunFolder, dataset: SegmentationDataset) -> None:
    if dataset.digest != run.dataset["digest"]:
        raise TrainingError(
            f"the data set {dataset.root} is not the one that {run.path} was trained on (its digest "
            "differs); name the right one with --data"
        )


def _refuse_broken_promise(name: str, findings: Sequence[str]) -> None:
    if findings:
        raise CheckError(f"{name} is not what its name says, so it was not written: {'; '.join(findings)}")


def _refuse_disagreement(name: str, recipe: Recipe, verification: Verification) -> None:
    if verification.agreement < recipe.min_agreement:
        stem, share = verification.worst[0]
        raise CheckError(
            f"{name} agrees with its Keras model on {verification.agreement:.2%} of mask pixels, expected at "
            f"least {recipe.min_agreement:.2%}, so it was not written; worst image {stem} ({share:.2%}); "
            "train longer, or calibrate with more images (--calibration-count)"
        )


def _reference(source: Source, dataset: SegmentationDataset, seed: int) -> Reference:
    run, model = source.run, source.model
    samples = dataset.split("val")
    rng = np.random.default_rng(seed)
    chosen = [samples[i] for i in sorted(rng.permutation(len(samples))[:VERIFY_COUNT].tolist())]
    size = run.network.input_size
    images, truths, predictions = [], [], []
    predict = tf.function(lambda batch: model(batch, training=False))
    for sample in chosen:
        image, truth = sample.read()
        image = preprocessing.apply(image, run.training.preprocessing)
        # One window for both: the mask travels as a second grey image.
        state = int(rng.integers(2**31))
        tile, truth_tile = (
            window(each, size, np.random.default_rng(state)) for each in (image, truth.astype(np.uint8))
        )
        output = predict(tf.constant(preprocessing.to_float(tile)[None, :, :, None])).numpy()
        images.append(tile)
        truths.append(truth_tile != 0)
        predictions.append(output[0, :, :, 0] > 0.5)
    return Reference(
        split="val",
        stems=tuple(s.stem for s in chosen),
        images=images,
        truths=truths,
        predictions=predictions,
    )


def _metadata(
    run: RunFolder,
    path: Path,
    data: bytes,
    recipe: Recipe,
    *,
    audit: Audit,
    calibration: Calibration | None,
    verification: Verification,
) -> dict[str, Any]:
    history = read_history(run)
    best = max(history, key=lambda row: row["val_dice"])
    return {
        "schema_version": artifact.SCHEMA_VERSION,
        "name": path.stem,
        "sha256": files.sha256_bytes(data),
        "bytes": len(data),
        "gzip_bytes": len(gzip.compress(data, compresslevel=9, mtime=0)),
        "recipe": recipe.to_dict(),
        "threshold": {"probability": 0.5, "quantized": 0 if recipe.io == "int8" else None},
        "preprocessing": run.training.preprocessing.to_dict(),
        "network": run.network.to_dict(),
        "training": run.training.to_dict() | {"best_epoch": best},
        "origin": run.origin,
        "dataset": {key: value for key, value in run.dataset.items() if key != "root"},
        "calibration": calibration.manifest() if calibration else None,
        "audit": audit.to_dict(),
        "verification": verification.to_dict(),
        "environment": environment(),
    }
