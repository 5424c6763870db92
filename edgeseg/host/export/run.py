"""Exporting a training run: convert, audit, verify, and only then write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from edgeseg.data.calibration import Calibration, draw_calibration
from edgeseg.data.dataset import SegmentationDataset
from edgeseg.errors import CheckError, TrainingError
from edgeseg.host.export.convert import convert
from edgeseg.host.export.mixed import convert_mixed
from edgeseg.host.export.options import ExportOptions
from edgeseg.host.export.provenance import find_made, provenance
from edgeseg.host.export.referee import judge_pair
from edgeseg.host.export.sources import Request, Source, make_source
from edgeseg.host.training.environment import environment
from edgeseg.host.training.keras import tf
from edgeseg.host.training.run_folder import RunFolder, best_row
from edgeseg.model import encoding, xz
from edgeseg.model.artifact import Artifact, load_artifact, save_artifact, sidecar_path
from edgeseg.model.encoding import Image, Maps
from edgeseg.model.interface import has_own_scales
from edgeseg.model.recipe import INT8_MIXED, RECIPES, Recipe, without_qat
from edgeseg.model.sidecar import Sidecar, write_sidecar
from edgeseg.progress import Progress, silent
from edgeseg.quantizing.quantizer import require_quantizer
from edgeseg.records import to_data
from edgeseg.verification import Reference, accept, describe, draw_reference


def export_run(
    run: RunFolder,
    dataset: SegmentationDataset,
    recipes: Sequence[Recipe],
    out: Path,
    *,
    options: ExportOptions | None = None,
    progress: Progress = silent,
) -> list[Artifact]:
    """Make one file with its sidecar for each recipe; one that is there, made in the same way, is kept.

    Args:
        run: the training run; its best epoch is exported, or what is fine-tuned from it.
        dataset: the one that it was trained on: calibration draws from its training split,
            verification from its validation split, nothing from test.
        recipes: what to make.
        out: folder for the files, made where needed.
        options: how.
        progress: told after each stage of each file, and the steps of a fine-tuning.

    Returns:
        The artifacts, in the order of the recipes. Where a fine-tuned file and its rival (`without_qat`) are
        both in the folder, the fine-tuned one's sidecar states which to ship.

    Raises:
        CheckError: a file does not keep what its recipe promises; that file is not written.
        TrainingError: the run has no finished epoch, or the data set is not the run's.
        MissingDependencyError: `int8-mixed` is asked for and ai-edge-quantizer is not installed.
        ArtifactError: a file that is there is damaged.
        OutputError: a file exists that was made otherwise and `force` is not set, or cannot be written.
    """
    options = options or ExportOptions()
    _refuse_other_dataset(run, dataset)
    _refuse_fine_tuned(run)
    if any(recipe.variant == INT8_MIXED.variant for recipe in recipes):
        require_quantizer()
    recipes = [_as_asked(recipe, options) for recipe in recipes]
    made: dict[str, Artifact] = {}
    for recipe in () if options.force else recipes:
        there = find_made(out / file_name(run, recipe), provenance(run, recipe, options))
        if there:
            made[recipe.variant] = there
    missing = [recipe for recipe in recipes if recipe.variant not in made]
    by_source = {
        methods: [each for each in missing if each.methods == methods]
        for methods in dict.fromkeys(recipe.methods for recipe in missing)
    }
    for methods, group in by_source.items():
        request = Request(
            run=run, dataset=dataset, fine_tuning=options.fine_tuning, force=options.force, progress=progress
        )
        source = make_source(request, methods)
        progress(len(made), len(recipes), "predicting with the Keras model")
        reference = _reference(source, dataset, options.seed)
        for recipe in group:
            progress(len(made), len(recipes), f"converting {recipe.variant}")
            path = out / file_name(run, recipe)
            made_from = provenance(run, recipe, options)
            made[recipe.variant] = _export_one(
                source, dataset, recipe, path, made_from=made_from, reference=reference, options=options
            )
    for tuned in RECIPES.values():
        plain = without_qat(tuned)
        if plain and (tuned.variant in made or plain.variant in made):
            pair = [out / file_name(run, each) for each in (tuned, plain)]
            judged = _referee(dataset, *pair, progress=partial(progress, len(recipes), len(recipes)))
            made |= {tuned.variant: judged} if judged else {}
    progress(len(recipes), len(recipes), "")
    return [made[recipe.variant] for recipe in recipes]


def _referee(
    dataset: SegmentationDataset, tuned: Path, plain: Path, *, progress: Callable[[str], None]
) -> Artifact | None:
    """Have two files compared where both are there; the verdict goes into the fine-tuned one's sidecar."""
    if not (tuned.exists() and plain.exists()):
        return None
    first, second = load_artifact(tuned), load_artifact(plain)
    facts = first.sidecar
    if facts is None or second.sidecar is None:
        return None  # made elsewhere: nothing to choose between
    origins = [(each.made_from or {}).get("model_sha256") for each in (facts, second.sidecar)]
    if None in origins or origins[0] != origins[1]:
        return None  # of another run
    if facts.referee and facts.referee.plain_sha256 == second.sidecar.sha256:
        return first
    progress(f"comparing {first.variant} with {second.variant}")
    write_sidecar(sidecar_path(tuned), replace(facts, referee=judge_pair(first, second, dataset)))
    return load_artifact(tuned)


def _export_one(
    source: Source,
    dataset: SegmentationDataset,
    recipe: Recipe,
    path: Path,
    *,
    made_from: dict[str, Any],
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
    data, recipe = _convert(source.model, recipe, calibration, pattern=options.keep_float, name=path.name)
    accepted = accept(data, recipe, reference, name=path.name)
    if not has_own_scales(accepted.interface):
        raise CheckError(
            f"{path.name} has other scales than edgeseg gives its integer files, so it was not written; this "
            "is a defect of edgeseg or of the converter: please report it"
        )
    packed = xz.pack(data) if recipe.packed else None
    preprocessing = source.run.training.preprocessing
    sidecar = describe(path, data, recipe, accepted, calibration=calibration, preprocessing=preprocessing)
    sidecar = replace(sidecar, made_from=made_from, packed_bytes=len(packed) if packed else None)
    return save_artifact(path, packed or data, _with_origin(sidecar, source.run))


def _convert(
    model: Any, recipe: Recipe, calibration: Calibration | None, *, pattern: str | None, name: str
) -> tuple[bytes, Recipe]:
    if recipe.variant == INT8_MIXED.variant and calibration:
        return convert_mixed(model, recipe, calibration.images, pattern=pattern, name=name)
    return convert(model, recipe, calibration.images if calibration else None), recipe


def _as_asked(recipe: Recipe, options: ExportOptions) -> Recipe:
    """The recipe with sparsity, clusters and agreement as the user chose: what the file is judged by."""
    chosen, agreement = options.fine_tuning, options.min_agreement
    return replace(
        recipe,
        min_agreement=recipe.min_agreement if agreement is None else min(agreement, recipe.min_agreement),
        sparsity=None if recipe.sparsity is None else chosen.pruning.sparsity,
        clusters=None if recipe.clusters is None else chosen.clustering.clusters,
    )


def file_name(run: RunFolder, recipe: Recipe) -> str:
    """`NETWORK_DATASET_SIZE_VARIANT.tflite`, with `.xz` where it is compressed."""
    name = f"{run.network.name}_{run.dataset.name}_{run.network.input_size}_{recipe.variant}.tflite"
    return name + xz.SUFFIX if recipe.packed else name


def _refuse_other_dataset(run: RunFolder, dataset: SegmentationDataset) -> None:
    # Version 0.1 read masks alone: its runs know a data set with labels/ beside them by its masks.
    if run.dataset.digest not in (dataset.digest, dataset.masks_digest):
        raise TrainingError(
            f"the data set {dataset.root} is not the one that {run.path} was trained on (its digest "
            "differs); name the right one with --data"
        )


def _refuse_fine_tuned(run: RunFolder) -> None:
    if run.origin.quantization_aware:
        raise TrainingError(
            f"{run.path} is a quantization-aware fine-tuning; export the run that it starts from, with "
            "--variant int8-qat or the like"
        )


def _reference(source: Source, dataset: SegmentationDataset, seed: int) -> Reference:
    run, model = source.run, source.model
    forward = tf.function(lambda batch: model(batch, training=False))

    def predict(tile: Image) -> Maps:
        return encoding.split_maps([forward(tf.constant(encoding.float_image(tile))).numpy()], run.interface)

    return draw_reference(
        dataset,
        run.training.preprocessing,
        predict,
        interface=run.interface,
        model="its Keras model",
        size=run.network.input_size,
        seed=seed,
    )


def _with_origin(sidecar: Sidecar, run: RunFolder) -> Sidecar:
    """With what is known about the training."""
    return replace(
        sidecar,
        network=run.network.to_dict(),
        training=run.training.to_dict() | {"best_epoch": best_row(run)},
        origin=to_data(run.origin),
        dataset={key: value for key, value in to_data(run.dataset).items() if key != "root"},
        environment=to_data(environment()),
    )
