"""`edgeseg predict`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgeseg.cli.console import INTERRUPTED, note, progress, say, say_json, table
from edgeseg.errors import DatasetError
from edgeseg.prediction.options import PredictOptions

if TYPE_CHECKING:
    from edgeseg.prediction.run import Prediction

_DEFAULTS = PredictOptions()

#: With more images than this the table would scroll away; it is in images.csv.
_LISTED = 20


def predict(
    model: Annotated[Path, typer.Argument(help="A .tflite or .tflite.xz file.")],
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE", help="Image files, or folders of them.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for masks/, overlays/, cells.csv, images.csv.")],
    pixel_size: Annotated[
        float | None,
        typer.Option(metavar="UM", help="Micrometres a pixel; tables are then in um [default: in pixels]."),
    ] = None,
    threads: Annotated[int, typer.Option(help="Threads of the network and of OpenCV.")] = _DEFAULTS.threads,
    overlap: Annotated[
        int | None,
        typer.Option(metavar="PX", help="Least overlap of tiles [default: three eighths of a tile]."),
    ] = None,
    min_area: Annotated[
        int, typer.Option(metavar="PX", help="Components of fewer pixels are no cells; 0 keeps all.")
    ] = _DEFAULTS.min_area,
    no_overlay: Annotated[bool, typer.Option("--no-overlay", help="Draw no overlays.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what predict.json holds.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier prediction.")] = False,
) -> None:
    """Segment images of any size: masks, overlays, and a table of cells."""
    import cv2

    from edgeseg.artifact import load_artifact
    from edgeseg.prediction.inputs import collect_images
    from edgeseg.prediction.run import predict as predict_images

    options = PredictOptions(
        overlap=overlap, min_area=min_area, pixel_size=pixel_size, overlays=not no_overlay, threads=threads
    )
    artifact = load_artifact(model)
    chosen = collect_images(images)
    cv2.setNumThreads(threads)
    try:
        with progress("Predicting tiles") as report:
            made = predict_images(artifact, chosen, out, options, force=force, progress=report)
    except KeyboardInterrupt:
        note(f"interrupted; what was finished is in {out}")
        raise typer.Exit(INTERRUPTED) from None
    if as_json:
        say_json(made.to_dict())
    elif made.images:
        _say(made, out)
    _complain(made, out)


def _say(made: Prediction, out: Path) -> None:
    if len(made.images) <= _LISTED:
        rows = [
            [each.path.name, f"{each.width}x{each.height}", str(each.cells), f"{each.coverage:.1%}"]
            for each in made.images
        ]
        say(table(("image", "size", "cells", "covered"), rows) + "\n")
    for text in dict.fromkeys(text for each in made.images for text in each.notes):
        count = sum(text in each.notes for each in made.images)
        note(f"{text} in {count} of {len(made.images)} images")
    found = f"{_counted(made.cells, 'cell')} in {_counted(len(made.images), 'image')}"
    say(f"{found}, {len(made.images) / made.seconds:.1f} images/s; results in {out}")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


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
