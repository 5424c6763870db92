"""What Python programs call: the commands as functions, over arrays and typed results.

`import edgeseg` loads none of this; the first name that is asked of it does (`edgeseg.open_model`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from edgeseg.errors import ConfigError
from edgeseg.labels.regions import Cell
from edgeseg.model.artifact import Artifact, load_artifact
from edgeseg.model.interface import Interface
from edgeseg.prediction.predict_options import PredictOptions
from edgeseg.progress import Progress, silent

if TYPE_CHECKING:
    from edgeseg.bench.bench_options import BenchOptions
    from edgeseg.bench.result import BenchResult
    from edgeseg.budget.judgement import Judgement
    from edgeseg.host.training.run_folder import RunFolder
    from edgeseg.model.audit_record import Audit
    from edgeseg.model.segmenter import Segmenter

#: A path, as text or `Path`.
Place = str | Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Segmentation:
    """What a model found in one image.

    Attributes:
        labels: `(H, W)` int32: 0 for the background, else the number of a cell, from 1.
        cells: measured one by one, in the order of their numbers, from top to bottom.
    """

    labels: npt.NDArray[np.int32]
    cells: tuple[Cell, ...]

    @property
    def mask(self) -> npt.NDArray[np.bool_]:
        """`(H, W)` bool, True where there is a cell."""
        return np.asarray(self.labels != 0, np.bool_)


class Model:
    """A model file, ready to segment images of any size; made by `open_model`.

    Attributes:
        artifact: the file and what its sidecar states.
        interface: what goes into the network and what comes out.
    """

    def __init__(self, artifact: Artifact, segmenter: Segmenter) -> None:
        """Of an opened file."""
        self.artifact, self.interface = artifact, segmenter.interface
        self._segmenter = segmenter

    def segment(self, image: npt.NDArray[np.uint8], options: PredictOptions | None = None) -> Segmentation:
        """The labels and the cells of a whole image, as `edgeseg predict` finds them.

        Args:
            image: `(H, W)` uint8 of any size; it is cut into overlapping tiles of the network's size.
            options: its `overlap` and `min_area`; the others are of files and processes.

        Raises:
            ConfigError: the image is of another shape or type, or an overlap does not fit the tiles.
        """
        from edgeseg.labels.regions import measure_cells
        from edgeseg.prediction.pipeline import find_labels

        options = options or PredictOptions()
        grey = _grey8(image, self.interface)
        labels = find_labels(
            grey, self._segmenter, self.artifact.preprocessing,
            overlap=options.overlap, min_area=options.min_area,
        )  # fmt: skip
        return Segmentation(labels=labels[:], cells=measure_cells(labels, grey))

    def probability(self, tile: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """The foreground probability of an image of the network's own size.

        Args:
            tile: `(height, width)` uint8, as `interface.input` states them.

        Returns:
            `(height, width)` float32, 0 to 1.

        Raises:
            ConfigError: the image is of another shape or type.
        """
        from edgeseg.model import preprocessing

        grey = _grey8(tile, self.interface)
        if grey.shape != self.interface.size:
            height, width = self.interface.size
            raise ConfigError(
                f"expected an image of {height}x{width} pixels, but got an array of {grey.shape}"
            )
        return self._segmenter.probability(preprocessing.apply(grey, self.artifact.preprocessing))


def _grey8(image: npt.NDArray[np.uint8], interface: Interface) -> npt.NDArray[np.uint8]:
    if interface.input.channels != 1:
        raise ConfigError(
            f"expected a model that takes one grey channel, but this one takes {interface.input.channels}"
        )
    if image.dtype != np.uint8 or image.ndim != 2 or not image.size:
        raise ConfigError(
            f"expected a grey image, (H, W) of uint8, but got {image.shape} of {image.dtype}; "
            "edgeseg.read_image reads files of other kinds as such"
        )
    return np.ascontiguousarray(image)


def open_model(path: Place, *, threads: int = 1, runtime: str | None = None) -> Model:
    """Load a .tflite or .tflite.xz file; edgeseg need not have made it.

    Args:
        path: of it. A sidecar beside it is checked against it.
        threads: of the network; they change no mask.
        runtime: of `edgeseg bench --runtime`; none: the first that works here.

    Raises:
        ArtifactError: it is missing, damaged, or no network that edgeseg can run.
        MissingDependencyError: no runtime works here.
        ConfigError: there is no such runtime, or the threads are out of range.
    """
    from edgeseg.model.segmenter import Segmenter

    artifact = load_artifact(Path(path))
    return Model(artifact, Segmenter(artifact, threads=threads, runtime=runtime))


def read_image(path: Place) -> npt.NDArray[np.uint8]:
    """Read an image file as `edgeseg predict` does: `(H, W)` uint8 grey.

    Colour is weighted to grey, 16 bits are mapped to 8 by percentiles.

    Raises:
        DatasetError: it is missing, damaged, or no image.
    """
    from edgeseg.data.images import read_grey8

    return read_grey8(Path(path))


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What is really in a model file.

    Attributes:
        audit: from the flatbuffer and the runtime.
        findings: where the file breaks what its variant promises, a sentence each; none without a sidecar.
        notes: what is worth knowing of it, a sentence each.
    """

    audit: Audit
    findings: tuple[str, ...]
    notes: tuple[str, ...]


def inspect_model(path: Place) -> Inspection:
    """Look into a .tflite or .tflite.xz file, as `edgeseg inspect` does.

    Raises:
        ArtifactError: it is missing, damaged, or crashes the runtime.
    """
    from edgeseg.audit.audit import audit_model, judge
    from edgeseg.audit.notes import explain, explain_interface
    from edgeseg.model.recipe import promised

    artifact = load_artifact(Path(path))
    audit = audit_model(artifact.data, name=artifact.path.name, names=artifact.names)
    recipe = promised(artifact.sidecar.recipe) if artifact.sidecar else None
    return Inspection(
        audit=audit,
        findings=tuple(judge(audit, recipe)) if recipe else (),
        notes=(*explain(audit), *explain_interface(artifact)),
    )


def bench_models(
    models: Place | Iterable[Place],
    *,
    data: Place | None = None,
    split: str = "test",
    options: BenchOptions | None = None,
    progress: Progress = silent,
) -> BenchResult:
    """Measure bytes, latency, memory and, on a data set, quality, as `edgeseg bench` does.

    Args:
        models: a file, a folder of files, or several.
        data: the data set to measure quality on.
        split: of it.
        options: how; `QUICK` is a first look.
        progress: told (processes done, processes in all, what is being done).

    Raises:
        ConfigError: there is no model.
        ResultError: every model was refused as bad input.
        DatasetError: the data set cannot be read, or has no such split.
        MissingDependencyError: no runtime works here.
    """
    from edgeseg.bench.models import find_models
    from edgeseg.bench.run_bench import run_bench
    from edgeseg.data.dataset import open_dataset

    named = [models] if isinstance(models, str | Path) else models
    dataset = open_dataset(Path(data)) if data is not None else None
    return run_bench(
        find_models(map(Path, named)), dataset=dataset, split=split, options=options, progress=progress
    )


def check_models(target: Place | BenchResult, budgets: Place) -> tuple[Judgement, ...]:
    """Judge files by a budgets.toml, as `edgeseg check` does.

    Args:
        target: a folder of model files, the JSON of a bench, or its result.
        budgets: the limits.

    Returns:
        One for each limit of each file; `verdict` is "broken" where it does not hold.

    Raises:
        ConfigError: a limit has no baseline, fits no file, or is on what was not measured.
        ArtifactError: a model file cannot be read.
        ResultError: a result cannot.
    """
    from edgeseg.budget.check import check_budgets
    from edgeseg.budget.facts import facts_of_folder, facts_of_result
    from edgeseg.budget.limits import load_budgets
    from edgeseg.budget.times import timing_of_result

    limits = load_budgets(Path(budgets))
    if isinstance(target, str | Path) and Path(target).is_dir():
        return tuple(check_budgets(facts_of_folder(Path(target)), limits))
    if isinstance(target, str | Path):
        from edgeseg.bench.result_file import load_result

        target = load_result(Path(target))
    return tuple(check_budgets(facts_of_result(target), limits, timing=timing_of_result(target)))


def train_model(
    data: Place,
    out: Place,
    *,
    preset: str = "unet-16",
    task: str | None = None,
    settings: Mapping[str, Any] | None = None,
    force: bool = False,
    progress: Progress = silent,
) -> RunFolder:
    """Train a network and keep the epoch that is best on the validation images, as `edgeseg train` does.

    Args:
        data: the data set.
        out: the run folder to make.
        preset: what to begin with.
        task: what it learns: `mask`; none: the most that the data set tells.
        settings: what to change of it, as of `--set`: `{"epochs": 5, "base_filters": 8}`.
        force: replace a run that is there.
        progress: told (steps done, steps in all, the latest figures).

    Raises:
        ConfigError: no such preset, setting or task, or the data set lacks what the task learns from.
        DatasetError: the data set has errors.
        OutputError: `out` exists, or cannot be written.
        TrainingError: the loss is no number any more.
        MissingDependencyError: TensorFlow is not installed.
    """
    from edgeseg.data.check import check_dataset, refuse_errors
    from edgeseg.data.dataset import open_dataset
    from edgeseg.host.training.tasks.registry import choose_task, fit_network
    from edgeseg.networks import families
    from edgeseg.networks.preset import override

    wanted = override(families.preset(preset), [f"{key}={value}" for key, value in (settings or {}).items()])
    dataset = open_dataset(Path(data))
    chosen = choose_task(task, dataset)
    refuse_errors(check_dataset(Path(data)))

    from edgeseg.host.training.fit import fit
    from edgeseg.host.training.run_folder import create_run

    network, interface = fit_network(wanted.network, chosen, dataset)
    run = create_run(Path(out), network, wanted.training, dataset, force=force, interface=interface)
    fit(run, dataset, progress=progress)
    return run


def export_models(
    run: Place | RunFolder,
    out: Place,
    *,
    variants: Iterable[str] = ("float32", "float16", "dynamic-int8", "int8-ptq"),
    data: Place | None = None,
    force: bool = False,
    progress: Progress = silent,
) -> list[Artifact]:
    """Make audited and verified .tflite files of a trained run, as `edgeseg export` does.

    Args:
        run: the run, or its folder.
        out: folder for the files and their sidecars.
        variants: which; see README.md.
        data: the run's data set; none: where it was trained from.
        force: replace files that are there.
        progress: told after each stage of each file.

    Raises:
        ConfigError: no such variant.
        CheckError: a file does not keep what its variant promises; it is not written.
        TrainingError: there is no such run, or its data set is gone.
        OutputError: a file is there that was made otherwise, or `out` cannot be written.
        MissingDependencyError: TensorFlow is not installed.
    """
    from edgeseg.data.dataset import open_dataset
    from edgeseg.model.recipe import recipe

    recipes = [recipe(variant) for variant in variants]

    from edgeseg.host.export.export_options import ExportOptions
    from edgeseg.host.export.export_run import export_run
    from edgeseg.host.training.run_folder import open_run

    opened = open_run(Path(run)) if isinstance(run, str | Path) else run
    dataset = open_dataset(Path(data) if data is not None else Path(opened.dataset.root))
    return export_run(
        opened, dataset, recipes, Path(out), options=ExportOptions(force=force), progress=progress
    )
