"""What a folder of results tells, read for a report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgeseg import files
from edgeseg.errors import ResultError
from edgeseg.prediction.output import MANIFEST
from edgeseg.prediction.tables import ImageResult, read_images


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """A folder that `edgeseg predict` made.

    Attributes:
        folder: as the user named it.
        model: the file that was used.
        started: UTC, ISO 8601: when the first run into the folder was begun.
        complete: whether all that the last run was asked for was gone through.
        pixel_size: micrometres a pixel; None where it was not stated.
        images: the pictures, in the order in which they were predicted.
    """

    folder: str
    model: str
    started: str
    complete: bool
    pixel_size: float | None
    images: tuple[ImageResult, ...]


def read_results(folder: Path) -> Results:
    """Read a folder, also one that is being filled or that version 0.1 made.

    Raises:
        ResultError: it is none of `edgeseg predict`, or was changed since.
    """
    if not (folder / MANIFEST).is_file():
        raise ResultError(
            f"expected a folder that edgeseg predict made, but {folder} holds no {MANIFEST}; name the folder "
            "that was its --out"
        )
    stated = files.read_json(folder / MANIFEST, kind="a prediction's manifest", error=ResultError)
    options, model = stated.get("options"), stated.get("model")
    pixel_size = options.get("pixel_size") if isinstance(options, dict) else None
    if pixel_size is not None and not (isinstance(pixel_size, int | float) and pixel_size > 0):
        raise ResultError(
            f"expected a number as options.pixel_size in {folder / MANIFEST}, but got {pixel_size!r}"
        )
    return Results(
        folder=str(folder),
        model=Path(str(model.get("file", ""))).name if isinstance(model, dict) else "",
        started=str(stated.get("started", "")),
        complete=stated.get("complete") is True,
        pixel_size=pixel_size,
        images=tuple(read_images(folder, pixel_size)),
    )
