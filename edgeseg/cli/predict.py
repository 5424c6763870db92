"""`edgeseg predict`."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgeseg.cli.console import INTERRUPTED, note, progress, say, say_json, table
from edgeseg.cli.prediction_options import (
    DEFAULT_MIN_AREA,
    MinArea,
    Overlap,
    PixelSize,
    Threads,
    prediction_options,
    tell_assumed,
)
from edgeseg.errors import ConfigError, DatasetError
from edgeseg.progress import Progress, silent
from edgeseg.text import counted

if TYPE_CHECKING:
    from edgeseg.prediction.frames import Source
    from edgeseg.prediction.predict import FailedImage, Prediction, Tell
    from edgeseg.prediction.tables import ImageResult

#: With more images than this the table would scroll away; it is in images.csv.
_LISTED = 20

#: Seconds between two looks at a folder, unless the user says otherwise.
_POLL = 1.0


def predict(
    model: Annotated[Path, typer.Argument(help="A .tflite or .tflite.xz file.")],
    out: Annotated[
        Path, typer.Option("--out", help="Folder for masks/, labels/, overlays/, cells.csv, images.csv.")
    ],
    images: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[IMAGE]...", help="Images, TIFF stacks, videos, folders of images, patterns ('*.tif')."
        ),
    ] = None,
    camera: Annotated[
        str | None,
        typer.Option(
            metavar="CAMERA", help="In place of IMAGE: a number (0), a device or a stream's address."
        ),
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="IMAGE is a folder that is being filled; until Ctrl-C.")
    ] = False,
    poll: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS", help=f"With --watch: between two looks at the folder [default: {_POLL:g}]."
        ),
    ] = None,
    every: Annotated[
        int | None,
        typer.Option(metavar="N", help="Of a video or camera, take one frame in N [default: all]."),
    ] = None,
    frames: Annotated[
        int | None,
        typer.Option(metavar="N", help="Of a video or camera, take N frames at most [default: all]."),
    ] = None,
    pixel_size: PixelSize = None,
    threads: Threads = None,
    overlap: Overlap = None,
    min_area: MinArea = DEFAULT_MIN_AREA,
    no_overlay: Annotated[bool, typer.Option("--no-overlay", help="Draw no overlays.")] = False,
    numbers: Annotated[
        bool, typer.Option("--numbers", help="Write each cell's number into the overlays.")
    ] = False,
    rois: Annotated[
        bool, typer.Option("--rois", help="Write the cells' outlines for ImageJ: rois/NAME.zip.")
    ] = False,
    geojson: Annotated[
        bool, typer.Option("--geojson", help="Write outlines and measures for QuPath: geojson/NAME.geojson.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what predict.json holds.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace an earlier prediction instead of going on with it.")
    ] = False,
) -> None:
    """Segment images of any size: masks, labels, overlays, and a table of cells.

    Started again with the same model and options, it goes on where it ended.
    """
    _refuse_unclear(images, camera, watch=watch)
    if poll is not None and not watch:
        raise ConfigError("--poll changes nothing without --watch; leave it out or watch a folder")
    from edgeseg.model.artifact import load_artifact
    from edgeseg.prediction.predict import predict as predict_pictures

    options = prediction_options(
        pixel_size, threads, overlap, min_area,
        overlays=not no_overlay, numbers=numbers, rois=rois, geojson=geojson,
    )  # fmt: skip
    artifact = load_artifact(model)
    done = {} if force else _times_done(out)
    if watch and images:
        _refuse_frames(every, frames)
        source = _watched(images[0], poll, done)
    elif camera is not None:
        source = _camera(camera, done, every, frames)
    else:
        source = _files(images or [], every, frames)
    tell = _teller(live=source.live and not as_json)
    try:
        with _progress(live=source.live) as report:
            made = predict_pictures(artifact, source, out, options, force=force, progress=report, tell=tell)
    except KeyboardInterrupt:
        note(f"interrupted; what was finished is in {out}")
        raise typer.Exit(INTERRUPTED) from None
    if as_json:
        say_json(made.to_dict())
    elif made.images:
        _say(made, out, listed=not source.live)
    _complain(made, out)


def _progress(*, live: bool) -> AbstractContextManager[Progress]:
    """Of what has an end; what comes when it comes is told line by line."""
    return nullcontext(silent) if live else progress("Predicting tiles")


def _refuse_unclear(images: list[Path] | None, camera: str | None, *, watch: bool) -> None:
    """Exactly one kind of source is to be named."""
    if camera is not None and (images or watch):
        other = "--watch" if watch else f"IMAGE ({images[0]})" if images else ""
        raise ConfigError(f"--camera takes its pictures from the camera alone; leave out {other}")
    if camera is None and not images:
        raise ConfigError("expected images to predict, but got none; name files or folders, or --camera 0")
    if watch and images and len(images) > 1:
        raise ConfigError(f"--watch takes one folder, but got {len(images)} names; watch one in each run")
    if watch and images and images[0].exists() and not images[0].is_dir():
        raise ConfigError(
            f"--watch takes a folder, but {images[0]} is a file; leave out --watch, or name its folder"
        )


def _refuse_frames(every: int | None, frames: int | None) -> None:
    """Say that an option for videos would be ignored."""
    for name, value in (("--every", every), ("--frames", frames)):
        if value is not None:
            raise ConfigError(f"{name} changes nothing without a video or camera; leave it out")


def _refuse_none(every: int | None, frames: int | None) -> None:
    for name, value in (("--every", every), ("--frames", frames)):
        if value is not None and value < 1:
            raise ConfigError(f"expected 1 or more for {name}, but got {value}")


def _times_done(out: Path) -> dict[str, str]:
    from edgeseg.prediction.tables import times_done

    return times_done(out)


def _watched(folder: Path, poll: float | None, done: dict[str, str]) -> Source:
    from edgeseg.prediction.watching import watch_folder

    source = watch_folder(folder, poll=_POLL if poll is None else poll, done=done)
    note(f"watching {folder}; Ctrl-C ends")
    return source


def _camera(camera: str, done: dict[str, str], every: int | None, frames: int | None) -> Source:
    from edgeseg.prediction.capture import next_number, open_camera

    _refuse_none(every, frames)
    source = open_camera(camera, first=next_number(done), every=every or 1, most=frames)
    if frames is None:
        note(f"taking pictures from camera {camera}; Ctrl-C ends")
    return source


def _files(images: list[Path], every: int | None, frames: int | None) -> Source:
    from edgeseg.prediction.inputs import collect_inputs
    from edgeseg.prediction.sources import is_video, open_files

    paths = collect_inputs(images)
    if any(map(is_video, paths)):
        _refuse_none(every, frames)
    else:
        _refuse_frames(every, frames)
    return open_files(paths, every=every or 1, most=frames)


def _teller(*, live: bool) -> Tell:
    """Where pictures come one by one, a line for each; else the lines come at the end."""

    def tell(result: ImageResult | FailedImage) -> None:
        if not live:
            return
        if hasattr(result, "reason"):
            note(f"error: {result.reason}", level=-1)
        else:
            say(f"{result.label}  {counted(result.cells, 'cell')}, {result.coverage:.1%} covered")
            sys.stdout.flush()

    return tell


def _say(made: Prediction, out: Path, *, listed: bool) -> None:
    new = made.new
    tell_assumed(made.facts.model.assumed)
    if not made.has_labels:
        note(f"version 0.1 began {out}, so it gets no labels; with --force, all is done anew and has them")
    if made.earlier:
        note(f"{counted(made.earlier, 'image')} done before; --force does all anew")
    if not new:
        say(f"nothing new; results in {out}")
        return
    if listed and len(new) <= _LISTED:
        rows = [
            [each.label, f"{each.width}x{each.height}", str(each.cells), f"{each.coverage:.1%}"]
            for each in new
        ]
        say(table(("image", "size", "cells", "covered"), rows) + "\n")
    for text in dict.fromkeys(text for each in new for text in each.notes):
        count = sum(text in each.notes for each in new)
        note(f"{text} in {count} of {len(new)} images")
    found = f"{counted(sum(each.cells for each in new), 'cell')} in {counted(len(new), 'image')}"
    say(f"{found}, {len(new) / made.seconds:.1f} images/s; results in {out}")


def _complain(made: Prediction, out: Path) -> None:
    """One sentence for each image that could not be used, and exit code 2."""
    if not made.failed:
        return
    if len(made.failed) == 1 and not made.images:
        raise DatasetError(made.failed[0].reason)
    for each in made.failed:
        sys.stderr.write(f"error: {each.reason}\n")
    rest = (
        f"the results of the other {len(made.images)} are in {out}" if made.images else "nothing was written"
    )
    raise DatasetError(
        f"{len(made.failed)} of {len(made.failed) + len(made.images)} images could not be used; {rest}"
    )
