"""Quantizing a file: calibrate, quantize, audit, verify, and only then write; as an export, from a file."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edgeseg import files
from edgeseg._version import __version__
from edgeseg.audit.audit import audit_model
from edgeseg.data.calibration import DEFAULT_COUNT, Calibration, draw_calibration
from edgeseg.data.dataset import SegmentationDataset
from edgeseg.diagnosis.against import refuse_quantized
from edgeseg.errors import ArtifactError, ConfigError, OutputError
from edgeseg.model.artifact import Artifact, save_artifact, sidecar_path
from edgeseg.model.flatbuffer import Graph, parse_model
from edgeseg.model.lean import make_lean, with_names
from edgeseg.model.preprocessing import Preprocessing
from edgeseg.model.recipe import Recipe
from edgeseg.model.segmenter import Segmenter
from edgeseg.model.sidecar import QuantizedFrom, Sidecar
from edgeseg.progress import Progress, silent
from edgeseg.quantizing.layers import keep_layers, make_quantized
from edgeseg.quantizing.quantizer import require_quantizer
from edgeseg.quantizing.ranges import Range, measure_ranges
from edgeseg.verification import Reference, accept, describe, draw_reference

#: Calibration images must cover this share of the model's input, each way; the rest is reflection.
_COVERED = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantizeOptions:
    """How to quantize.

    Attributes:
        keep_float: regular expression, searched in the names of the layers that stay in float; for
            `int8-mixed`.
        calibration_count: images for a calibrated recipe.
        seed: draws the calibration and verification images.
        preprocessing: that the model was trained with, where no sidecar states it; None: plain scaling.
        force: replace files that are there.
    """

    keep_float: str | None = None
    calibration_count: int = DEFAULT_COUNT
    seed: int = 0
    preprocessing: Preprocessing | None = None
    force: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """What every variant is made from and compared with.

    Attributes:
        source: the float file.
        data: the same with the names of its layers in it, by which the quantizer knows them.
        graph: the first one of it.
        dataset: for calibration and verification.
        prepare: what is done to an image first.
        calibration: images, where a variant is calibrated.
        ranges: of every activation on them, by number of the tensor.
        reference: what the float file makes of validation images.
    """

    source: Artifact
    data: bytes
    graph: Graph
    dataset: SegmentationDataset
    prepare: Preprocessing
    calibration: Calibration | None
    ranges: dict[int, Range]
    reference: Reference


def quantize_file(
    source: Artifact,
    dataset: SegmentationDataset,
    recipes: Sequence[Recipe],
    out: Path,
    *,
    options: QuantizeOptions | None = None,
    progress: Progress = silent,
) -> list[Artifact]:
    """Make one file with its sidecar for each recipe.

    Args:
        source: a float32 model from an image to maps.
        dataset: calibration draws from its training split, verification from its validation split,
            nothing from test.
        recipes: of `recipe.FROM_FILE`.
        out: folder for the files, made where needed.
        options: how.
        progress: told after each calibration image and each file.

    Returns:
        The artifacts, in the order of the recipes.

    Raises:
        MissingDependencyError: ai-edge-quantizer is not installed.
        ArtifactError: `source` is quantized already, has dynamic shapes, or another interface.
        ConfigError: an option fits nothing, or contradicts the source's sidecar.
        CheckError: a file does not keep what its recipe promises; that file is not written.
        OutputError: a file exists and `force` is not set, or cannot be written.
    """
    options = options or QuantizeOptions()
    require_quantizer()
    _refuse_unfit(source)
    name = str(source.path)
    graphs = parse_model(source.data, name=name, names=source.names)
    graph, data = graphs[0], with_names(source.data, graphs, name=name)
    recipes = [keep_layers(recipe, graph, options.keep_float, name=name) for recipe in recipes]
    paths = [_output(source, out, recipe, force=options.force) for recipe in recipes]
    prepare = _preprocessing(source, options.preprocessing)
    job = _prepare(
        source,
        data,
        graph,
        dataset,
        prepare=prepare,
        options=options,
        calibrated=any(recipe.calibrated for recipe in recipes),
        progress=lambda done, total, note: progress(done, total + len(recipes), note),
    )
    made: list[Artifact] = []
    before = len(job.calibration.stems) if job.calibration else 0
    for recipe, path in zip(recipes, paths, strict=True):
        progress(before + len(made), before + len(recipes), f"making {recipe.variant}")
        made.append(_make(job, recipe, path))
    progress(before + len(made), before + len(recipes), "")
    return made


def _prepare(
    source: Artifact,
    data: bytes,
    graph: Graph,
    dataset: SegmentationDataset,
    *,
    prepare: Preprocessing,
    options: QuantizeOptions,
    calibrated: bool,
    progress: Progress,
) -> _Job:
    segmenter, name = Segmenter(source), str(source.path)
    size, seed = segmenter.shape, options.seed
    calibration, ranges = None, dict[int, Range]()
    if calibrated:
        calibration = draw_calibration(
            dataset, prepare, size=size, count=options.calibration_count, seed=seed, covered=_COVERED
        )
        ranges = measure_ranges(source.data, graph, calibration.images, name=name, progress=progress)
    return _Job(
        source=source,
        data=data,
        graph=graph,
        dataset=dataset,
        prepare=prepare,
        calibration=calibration,
        ranges=ranges,
        reference=draw_reference(
            dataset,
            prepare,
            segmenter.invoke,
            interface=segmenter.interface,
            model=source.path.name,
            size=size,
            seed=seed,
        ),
    )


def _make(job: _Job, recipe: Recipe, path: Path) -> Artifact:
    data = make_quantized(job.data, job.graph, recipe, job.ranges, name=path.name)
    lean = make_lean(data, name=path.name)
    accepted = accept(lean, recipe, job.reference, name=path.name)
    calibration = job.calibration if recipe.calibrated else None
    sidecar = describe(path, lean, recipe, accepted, calibration=calibration, preprocessing=job.prepare)
    return save_artifact(path, lean.data, _with_origin(sidecar, job))


def _refuse_unfit(source: Artifact) -> None:
    audit = audit_model(source.data, name=str(source.path), names=source.names)
    refuse_quantized(audit, wanted="to quantize")
    if not audit.static_shapes:
        raise ArtifactError(
            f"expected a model with static shapes, but {source.path} has dynamic ones (a dimension is -1 or "
            "computed by SHAPE), which integer kernels and XNNPACK do not take as a whole; convert it again "
            "with a batch of 1"
        )


def _output(source: Artifact, out: Path, recipe: Recipe, *, force: bool) -> Path:
    """`NAME_VARIANT.tflite`, where the float file is `NAME_float32.tflite` or `NAME.tflite`."""
    path = out / f"{source.name.removesuffix('_float32')}_{recipe.variant}.tflite"
    for each in (path, sidecar_path(path)):
        files.refuse_existing(each, force=force)
    if path.exists() and path.samefile(source.path):
        raise OutputError(f"{path} is the model itself; choose another --out")
    return path


def _preprocessing(source: Artifact, wanted: Preprocessing | None) -> Preprocessing:
    if wanted and source.sidecar:
        raise ConfigError(
            f"the sidecar of {source.path} states its preprocessing ({source.preprocessing.kind}); "
            "leave --preprocessing out"
        )
    return wanted or source.preprocessing


def _with_origin(sidecar: Sidecar, job: _Job) -> Sidecar:
    """With what is known about the network, as far as the source's own sidecar states it, and the making."""
    source, stated = job.source, job.source.sidecar
    packages = ("ai-edge-quantizer", "ai-edge-litert", "numpy", "opencv-python-headless")
    if stated:
        sidecar = replace(
            sidecar,
            network=stated.network,
            training=stated.training,
            origin=stated.origin,
            dataset=stated.dataset,
        )
    return replace(
        sidecar,
        quantized_from=QuantizedFrom(
            name=source.name,
            variant=source.variant,
            bytes=len(source.data),
            sha256=files.sha256_bytes(source.data),
        ),
        quantized_with={"name": job.dataset.name, "digest": job.dataset.digest},
        environment={
            "edgeseg": __version__,
            "python": platform.python_version(),
            "packages": {name: importlib.metadata.version(name) for name in packages},
            "platform": platform.platform(),
        },
    )
