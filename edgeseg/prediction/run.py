"""Predict image files into a folder."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from edgeseg import files, preprocessing
from edgeseg._version import __version__
from edgeseg.artifact import Artifact
from edgeseg.config import Preprocessing
from edgeseg.data.images import Grey8, page_count, read_image, to_grey8
from edgeseg.errors import DatasetError
from edgeseg.prediction import tiling
from edgeseg.prediction.cells import find_cells
from edgeseg.prediction.options import PredictOptions
from edgeseg.prediction.output import ResultFolder
from edgeseg.prediction.overlay import draw_overlay
from edgeseg.prediction.tables import ImageResult, Tables
from edgeseg.progress import Progress, silent
from edgeseg.runtime import Segmenter, find_runtime

#: 1: first version.
SCHEMA_VERSION = 1

#: An image of more pixels than this is written before the next is read: two might not fit in memory.
_ALONE = 2**24


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedImage:
    """An image that could not be used, and the sentence that says why."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What came of a run.

    Attributes:
        facts: of the model, the runtime, the options and the inputs.
        images: the images that were predicted, in order.
        failed: those that could not be used.
        seconds: that reading, predicting, measuring and writing took, loading the model apart.
    """

    facts: dict[str, Any]
    images: tuple[ImageResult, ...]
    failed: tuple[FailedImage, ...]
    seconds: float

    @property
    def cells(self) -> int:
        """How many cells were found in all images."""
        return sum(each.cells for each in self.images)

    @property
    def complete(self) -> bool:
        """Whether every image was gone through."""
        return len(self.images) + len(self.failed) == len(self.facts["inputs"])

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data, the content of `predict.json`."""
        return {
            "complete": self.complete,
            **self.facts,
            "seconds": round(self.seconds, 3),
            "cells": self.cells,
            "images": [
                {**asdict(each), "path": str(each.path), "notes": list(each.notes)} for each in self.images
            ],
            "failed": [{"path": str(each.path), "reason": each.reason} for each in self.failed],
        }


def predict(
    artifact: Artifact,
    images: Sequence[Path],
    out: Path,
    options: PredictOptions,
    *,
    force: bool = False,
    progress: Progress = silent,
) -> Prediction:
    """Predict image files into a folder: masks, overlays, tables and a manifest.

    An image that cannot be read does not stop the others. Where none can be read, nothing is written.

    Args:
        artifact: the model.
        images: files with different stems; see `inputs.collect_images`.
        out: the folder to fill.
        options: what to make of each image.
        force: replace an earlier prediction in `out`.
        progress: told (tiles done, tiles in all as far as is known, the image's name).

    Raises:
        ArtifactError: the model cannot be run.
        ConfigError: an overlap that does not fit the model's tiles.
        OutputError: `out` holds results already, or cannot be written. What was finished stays.
    """
    segmenter = Segmenter(artifact, threads=options.threads)
    overlap = tiling.default_overlap(segmenter.shape) if options.overlap is None else options.overlap
    tiling.check_overlap(overlap, segmenter.shape)
    facts = _facts(artifact, images, replace(options, overlap=overlap))
    folder = ResultFolder(out, images, force=force)
    run = _Run(facts, segmenter, artifact.preprocessing, folder, replace(options, overlap=overlap))
    try:
        for index, path in enumerate(images):
            run.take(path, progress, waiting=len(images) - index)
        run.settle()
    finally:
        made = run.close()
    return made


def _facts(artifact: Artifact, images: Sequence[Path], options: PredictOptions) -> dict[str, Any]:
    runtime = find_runtime()
    return {
        "schema_version": SCHEMA_VERSION,
        "edgeseg_version": __version__,
        "started": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "model": {
            "file": str(artifact.path),
            "sha256": files.sha256_bytes(artifact.data),
            "variant": artifact.variant,
            "preprocessing": artifact.preprocessing.to_dict(),
        },
        "runtime": {"name": runtime.name, "version": runtime.version},
        "options": asdict(options),
        "inputs": [str(path) for path in images],
    }


class _Run:
    """One run in progress: the network runs here, and a thread measures and writes the image before."""

    def __init__(
        self,
        facts: dict[str, Any],
        segmenter: Segmenter,
        prepare: Preprocessing,
        folder: ResultFolder,
        options: PredictOptions,
    ) -> None:
        self._facts, self._folder, self._options = facts, folder, options
        self._segmenter, self._prepare = segmenter, prepare
        self._tables = Tables(options.pixel_size)
        self._images: list[ImageResult] = []
        self._failed: list[FailedImage] = []
        self._writer = ThreadPoolExecutor(max_workers=1)
        self._written: Future[None] | None = None
        self._tiles, self._start = 0, time.perf_counter()

    def take(self, path: Path, progress: Progress, *, waiting: int) -> None:
        """Go through one image; `waiting` counts it and those after it."""
        try:
            grey, notes = _read(path)
        except DatasetError as error:
            self._failed.append(FailedImage(path=path, reason=str(error)))
            return
        if self._written is None:
            self._folder.begin(self._prediction().to_dict())
        mask = tiling.segment(
            preprocessing.apply(grey, self._prepare), self._segmenter,
            overlap=self._options.overlap, progress=self._report(progress, waiting, path.name),
        )  # fmt: skip
        self.settle()
        self._written = self._writer.submit(self._write, path, grey, mask, notes)
        if grey.size > _ALONE:
            self.settle()

    def settle(self) -> None:
        """Wait until the last image is written, and raise what went wrong with it."""
        if self._written:
            self._written.result()

    def _write(self, path: Path, grey: Grey8, mask: Grey8, notes: tuple[str, ...]) -> None:
        cells = find_cells(mask, grey, min_area=self._options.min_area)
        self._folder.write_mask(path, mask)
        if self._options.overlays:
            self._folder.write_overlay(path, draw_overlay(grey, mask))
        height, width = grey.shape
        found = ImageResult(
            path=path, width=width, height=height, cells=len(cells),
            mask_pixels=sum(cell.area for cell in cells), notes=notes,
        )  # fmt: skip
        self._tables.add(found, cells)
        self._images.append(found)

    def _report(self, progress: Progress, waiting: int, name: str) -> Progress:
        """Count tiles over all images, as if those to come had as many as this one."""
        before = self._tiles

        def report(done: int, total: int, _note: str) -> None:
            self._tiles = before + done
            progress(self._tiles, before + total * waiting, name)

        return report

    def _prediction(self) -> Prediction:
        return Prediction(
            facts=self._facts, images=tuple(self._images), failed=tuple(self._failed),
            seconds=time.perf_counter() - self._start,
        )  # fmt: skip

    def close(self) -> Prediction:
        """Write tables and manifest, also of a run that was cut short; nothing where nothing was made."""
        self._writer.shutdown()
        if not self._images:
            return self._prediction()
        self._folder.write_tables(self._tables.texts())
        made = self._prediction()
        self._folder.write_manifest(made.to_dict())
        return made


def _read(path: Path) -> tuple[Grey8, tuple[str, ...]]:
    pages = page_count(path)
    grey, notes = to_grey8(read_image(path))
    return grey, (*notes, "the first of several pages taken") if pages > 1 else notes
