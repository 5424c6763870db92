"""Predict the frames of a source into a folder."""

from __future__ import annotations

import contextlib
import datetime as dt
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from edgeseg import files
from edgeseg._version import __version__
from edgeseg.data.images import Grey8
from edgeseg.errors import DatasetError
from edgeseg.labels.label_rows import LARGE, LabelRows
from edgeseg.labels.outlines import trace_outlines
from edgeseg.model.artifact import Artifact
from edgeseg.model.runtimes.registry import find_runtime
from edgeseg.prediction.facts import ModelUsed, RunFacts, RuntimeUsed
from edgeseg.prediction.frames import Frame, Source
from edgeseg.prediction.geojson import geojson
from edgeseg.prediction.output import SCHEMA_VERSION, ResultFolder
from edgeseg.prediction.overlay import draw_overlay
from edgeseg.prediction.pipeline import Pipeline
from edgeseg.prediction.predict_options import PredictOptions
from edgeseg.prediction.rois import check_size, encode_rois
from edgeseg.prediction.tables import ImageResult, Tables
from edgeseg.progress import Progress, silent
from edgeseg.records import to_data

#: While a run goes on, its manifest is written anew after so many seconds, or so many times as long as
#: writing it takes: it grows with every image.
_MANIFEST_EVERY, _MANIFEST_TIMES = 10.0, 50


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedImage:
    """A picture that could not be used, and the sentence that says why."""

    source: str
    name: str
    reason: str


#: Told of each picture when its results are written, or when it turned out to be of no use.
Tell = Callable[[ImageResult | FailedImage], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What came of a run.

    Attributes:
        facts: of the model, the runtime, the options and the inputs.
        images: the pictures that were predicted, in order; those of earlier runs first.
        failed: those that could not be used.
        earlier: how many of `images` earlier runs made.
        seconds: that reading, predicting, measuring and writing took in this run, loading the model apart.
        complete: whether everything was gone through.
        has_labels: whether the folder gets labels; not if version 0.1 began it.
    """

    facts: RunFacts
    images: tuple[ImageResult, ...]
    failed: tuple[FailedImage, ...]
    earlier: int
    seconds: float
    complete: bool
    has_labels: bool

    @property
    def new(self) -> tuple[ImageResult, ...]:
        """The pictures that this run predicted."""
        return self.images[self.earlier :]

    @property
    def cells(self) -> int:
        """How many cells were found in all images."""
        return sum(each.cells for each in self.images)

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data, the content of `predict.json`."""
        return {
            "complete": self.complete,
            **to_data(self.facts),
            "seconds": round(self.seconds, 3),
            "cells": self.cells,
            "images": [{**asdict(each), "notes": list(each.notes)} for each in self.images],
            "failed": [asdict(each) for each in self.failed],
        }


def predict(
    artifact: Artifact,
    source: Source,
    out: Path,
    options: PredictOptions,
    *,
    force: bool = False,
    progress: Progress = silent,
    tell: Tell = lambda _result: None,
) -> Prediction:
    """Predict pictures into a folder: masks, labels, overlays, tables and a manifest.

    A picture that cannot be read does not stop the others. Where none can be read, nothing is written.
    Where `out` holds results of the same model with the same options, pictures that are done are passed
    over, and the others added.

    Args:
        artifact: the model.
        source: of the pictures; see `sources.open_files`, `capture.open_camera`, `watching.watch_folder`.
        out: the folder to fill.
        options: what to make of each picture.
        force: replace an earlier prediction in `out`.
        progress: told (tiles done, tiles in all as far as is known, the picture's name).
        tell: told of each result, from another thread.

    Raises:
        ArtifactError: the model cannot be run, or takes tiles that are too small.
        ConfigError: an overlap that does not fit the model's tiles.
        OutputError: `out` holds results of another kind, or cannot be written. What was finished stays.
    """
    pipeline = Pipeline(artifact, options)
    facts = _facts(artifact, source, pipeline)
    folder = ResultFolder(out, source.inputs, facts, force=force)
    run = _Run(facts=_joined(facts, folder), pipeline=pipeline, folder=folder, tell=tell)
    try:
        if folder.resumed is not None:
            run.begin()
        for frame in source.frames:
            run.take(frame, progress, alone=source.live)
        run.settle()
        run.complete = True
    finally:
        made = run.close()
    return made


def _facts(artifact: Artifact, source: Source, pipeline: Pipeline) -> RunFacts:
    runtime = find_runtime()
    return RunFacts(
        schema_version=SCHEMA_VERSION,
        edgeseg_version=__version__,
        started=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        model=ModelUsed(
            file=str(artifact.path),
            sha256=files.sha256_bytes(artifact.data),
            variant=artifact.variant,
            preprocessing=artifact.preprocessing,
            assumed=pipeline.assumed,
        ),
        runtime=RuntimeUsed(name=runtime.name, version=runtime.version),
        options=pipeline.options,
        inputs=source.inputs,
    )


def _joined(facts: RunFacts, folder: ResultFolder) -> RunFacts:
    """The facts of a run that goes on: begun when the first one was, with the inputs of all."""
    earlier = folder.resumed
    if earlier is None:
        return facts
    inputs = dict.fromkeys([*earlier.get("inputs", []), *facts.inputs])
    return replace(
        facts, schema_version=folder.schema_version, started=earlier.get("started", facts.started),
        inputs=tuple(inputs),
    )  # fmt: skip


class _Run:
    """One run in progress: the network runs here, and a thread measures and writes the image before.

    Attributes:
        complete: to be set when the source has ended.
    """

    def __init__(
        self,
        *,
        facts: RunFacts,
        pipeline: Pipeline,
        folder: ResultFolder,
        tell: Tell,
    ) -> None:
        self.complete = False
        self._facts, self._folder, self._tell = facts, folder, tell
        self._pipeline, self._options = pipeline, pipeline.options
        self._tables = Tables(folder.path, pipeline.options.pixel_size)
        self._images: list[ImageResult] = []
        self._labels: dict[str, tuple[str, str]] = {}
        self._failed: dict[tuple[str, str], FailedImage] = {}
        self._earlier = 0
        self._writer = ThreadPoolExecutor(max_workers=1)
        self._written: Future[None] | None = None
        self._tiles, self._start = 0, time.perf_counter()
        self._begun, self._next_manifest = False, 0.0
        self._held = contextlib.ExitStack()

    def begin(self) -> None:
        """Make the folder, or go on in it; nobody else writes there from now on."""
        self._held.enter_context(self._folder.alone())
        self._folder.clear()
        if self._folder.resumed is None:
            self._folder.write_manifest(self._prediction().to_dict())
        self._images = self._tables.recover(self._folder.is_whole)
        self._earlier = len(self._images)
        if self._images:
            self._folder.write_manifest(self._prediction().to_dict())
        self._labels = {each.name: (each.label, each.time) for each in self._images}
        self._begun = True

    def take(self, frame: Frame, progress: Progress, *, alone: bool) -> None:
        """Go through one picture; with `alone`, to its end before this returns."""
        if self._is_done(frame):
            return
        try:
            grey, notes = frame.read()
            if self._options.rois:
                check_size(grey.shape[0], grey.shape[1], frame.source)
        except DatasetError as error:
            self._fail(frame, str(error))
            return
        if not self._begun:
            self.begin()
        labels = self._pipeline.segment(grey, progress=self._report(progress, frame))
        self.settle()
        self._labels[frame.name] = (frame.label, frame.time)
        self._failed.pop((frame.source, frame.name), None)
        self._written = self._writer.submit(self._write, frame, grey, labels, notes)
        if alone or grey.size > LARGE:  # of large images, two might not fit in memory
            self.settle()
        self._keep_manifest(often=alone)

    def _is_done(self, frame: Frame) -> bool:
        """Whether there are results of this name; where they are of something else, that is a failure."""
        label, made_of = self._labels.get(frame.name, (None, ""))
        if label is None:
            return False
        if label != frame.label:
            self._fail(
                frame,
                f"{frame.source} and {label} share a name, so the results of one would replace the other's; "
                "rename one, or predict them into different folders",
            )
        elif made_of != frame.time:
            self._fail(
                frame,
                f"{frame.source} was changed after it was predicted, or is another file of the same name; "
                "predict it into another folder, or pass --force to begin anew",
            )
        return True

    def _fail(self, frame: Frame, reason: str) -> None:
        failed = FailedImage(source=frame.source, name=frame.name, reason=reason)
        if self._failed.get((frame.source, frame.name)) != failed:
            self._failed[frame.source, frame.name] = failed
            self._tell(failed)

    def settle(self) -> None:
        """Wait until the last image is written, and raise what went wrong with it."""
        if self._written:
            self._written.result()

    def _write(self, frame: Frame, grey: Grey8, labels: LabelRows, notes: tuple[str, ...]) -> None:
        found, cells = self._pipeline.measure(frame, grey, labels, notes)
        self._folder.write_mask(frame.name, labels)
        options = self._options
        self._folder.write_labels(frame.name, labels, len(cells), options.pixel_size)
        if options.overlays:
            picture = draw_overlay(grey, labels, len(cells), numbers=options.numbers)
            self._folder.write_overlay(frame.name, picture)
        if options.rois:
            outlines = trace_outlines(labels, cells)
            self._folder.write_rois(frame.name, encode_rois(outlines, position=frame.position))
        if options.geojson:
            outlines = trace_outlines(labels, cells)
            self._folder.write_geojson(frame.name, geojson(outlines, cells, options.pixel_size))
        self._tables.add(found, cells)
        self._images.append(found)
        self._tell(found)

    def _report(self, progress: Progress, frame: Frame) -> Progress:
        """Count tiles over all images, as if those to come had as many as this one."""
        before = self._tiles

        def report(done: int, total: int, _note: str) -> None:
            self._tiles = before + done
            progress(self._tiles, before + total * frame.left, frame.label)

        return report

    def _keep_manifest(self, *, often: bool) -> None:
        begun = time.monotonic()
        if begun < self._next_manifest:
            return
        self._folder.write_manifest(self._prediction().to_dict())
        ended = time.monotonic()
        rest = _MANIFEST_TIMES * (ended - begun)
        self._next_manifest = ended + (rest if often else max(rest, _MANIFEST_EVERY))

    def _prediction(self) -> Prediction:
        return Prediction(
            facts=self._facts, images=tuple(self._images), failed=tuple(self._failed.values()),
            earlier=self._earlier, seconds=time.perf_counter() - self._start, complete=self.complete,
            has_labels=self._folder.has_labels,
        )  # fmt: skip

    def close(self) -> Prediction:
        """Write the manifest, also of a run that was cut short; nothing where nothing was made."""
        with self._held:
            self._writer.shutdown()
            made = self._prediction()
            if self._begun:
                self._folder.write_manifest(made.to_dict())
            return made
