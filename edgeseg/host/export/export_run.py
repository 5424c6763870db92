"""Exporting a run by a plan: fine-tune, convert, audit, verify, and only then write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from edgeseg.data.calibration import Calibration, draw_calibration
from edgeseg.data.dataset import SegmentationDataset
from edgeseg.errors import CheckError, TrainingError
from edgeseg.host.compression.derive import Job
from edgeseg.host.export.convert import convert
from edgeseg.host.export.export_options import ExportOptions
from edgeseg.host.export.mixed import convert_mixed
from edgeseg.host.export.plan import ExportPlan, PlannedFile, PlannedSource, plan_export
from edgeseg.host.export.referee import compare_files
from edgeseg.host.export.sources import exportable, fine_tune
from edgeseg.host.training.environment import environment
from edgeseg.host.training.evaluate import predictor
from edgeseg.host.training.run_folder import RunFolder, best_row, digest_best
from edgeseg.model import xz
from edgeseg.model.artifact import Artifact, save_artifact
from edgeseg.model.interface import has_own_scales
from edgeseg.model.lean import make_lean
from edgeseg.model.recipe import INT8_MIXED, Recipe
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
        The artifacts, in the order of the recipes. Where a quantization-aware file and the one without
        (`recipe.without_qat`) are both in the folder, the sidecar of the former states which to ship.

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
    plan = plan_export(run, recipes, out, options)
    export = _Export(plan, run, dataset, options, progress)
    for source in plan.sources:
        export.make_source(source)
    for pair in plan.pairs:
        judged = compare_files(*pair, dataset, progress=partial(progress, len(recipes), len(recipes)))
        if judged:
            export.made[judged.variant] = judged
    progress(len(recipes), len(recipes), "")
    return [export.made[recipe.variant] for recipe in recipes]


class _Export:
    """One export that is under way.

    Attributes:
        made: the files that are there by now, by variant.
    """

    def __init__(
        self,
        plan: ExportPlan,
        run: RunFolder,
        dataset: SegmentationDataset,
        options: ExportOptions,
        progress: Progress,
    ) -> None:
        """Arguments as of `export_run`; nothing is done yet."""
        self._plan, self._dataset, self._options, self._progress = plan, dataset, options, progress
        self._runs: dict[tuple[str, ...], RunFolder] = {(): run}
        self._digests: dict[tuple[str, ...], str] = {(): plan.model_sha256}
        self._calibration: Calibration | None = None
        self.made = dict(plan.kept)

    def make_source(self, source: PlannedSource) -> None:
        """Fine-tune a network where that is not done yet, and convert it to its files."""
        if source.methods:
            self._runs[source.methods] = self._fine_tune(source.methods)
        if not source.files:
            return
        run = self._runs[source.methods]
        model = exportable(run)
        self._tell("predicting with the Keras model")
        reference = draw_reference(
            self._dataset,
            run.training.preprocessing,
            predictor(model),
            interface=run.interface,
            model="its Keras model",
            size=run.network.input_size,
            seed=self._options.seed,
        )
        for file in source.files:
            self._tell(f"converting {file.recipe.variant}")
            self.made[file.recipe.variant] = self._make(file, run, model, reference)

    def _tell(self, note: str) -> None:
        self._progress(len(self.made), len(self._plan.files), note)

    def _fine_tune(self, methods: tuple[str, ...]) -> RunFolder:
        start = methods[:-1]
        if start not in self._digests:
            self._digests[start] = digest_best(self._runs[start])
        job = Job(
            parent=self._runs[start],
            parent_sha256=self._digests[start],
            dataset=self._dataset,
            force=self._options.force,
            progress=self._progress,
        )
        return fine_tune(job, methods[-1], self._options.fine_tuning)

    def _make(self, file: PlannedFile, run: RunFolder, model: Any, reference: Reference) -> Artifact:
        path, name = file.path, file.path.name
        calibration = self._draw_calibration(run) if file.recipe.calibrated else None
        data, recipe = self._convert(model, file.recipe, calibration, name=name)
        lean = make_lean(data, name=name)
        accepted = accept(lean, recipe, reference, name=name)
        if not has_own_scales(accepted.interface):
            raise CheckError(
                f"{name} has other scales than edgeseg gives its integer files, so it was not written; this "
                "is a defect of edgeseg or of the converter: please report it"
            )
        packed = xz.pack(lean.data) if recipe.packed else None
        sidecar = describe(
            path, lean, recipe, accepted, calibration=calibration, preprocessing=run.training.preprocessing
        )
        sidecar = replace(
            sidecar, made_from=file.made_from, packed_bytes=len(packed) if packed else None, **_origin(run)
        )
        return save_artifact(path, packed or lean.data, sidecar)

    def _draw_calibration(self, run: RunFolder) -> Calibration:
        """The same images for every network: fine-tuning changes neither their size nor their preparing."""
        if self._calibration is None:
            self._calibration = draw_calibration(
                self._dataset,
                run.training.preprocessing,
                size=run.network.input_size,
                count=self._options.calibration_count,
                seed=self._options.seed,
            )
        return self._calibration

    def _convert(
        self, model: Any, recipe: Recipe, calibration: Calibration | None, *, name: str
    ) -> tuple[bytes, Recipe]:
        images = calibration.images if calibration else None
        if recipe.variant == INT8_MIXED.variant and images is not None:
            return convert_mixed(model, recipe, images, pattern=self._options.keep_float, name=name)
        return convert(model, recipe, images), recipe


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


def _origin(run: RunFolder) -> dict[str, Any]:
    """What the sidecar states about the training."""
    return {
        "network": run.network.to_dict(),
        "training": run.training.to_dict() | {"best_epoch": best_row(run)},
        "origin": to_data(run.origin),
        "dataset": {key: value for key, value in to_data(run.dataset).items() if key != "root"},
        "environment": to_data(environment()),
    }
