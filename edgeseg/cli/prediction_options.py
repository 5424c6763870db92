"""The options that `predict` and `serve` share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from edgeseg.cli.console import note
from edgeseg.prediction.predict_options import PredictOptions, default_threads

PixelSize = Annotated[
    float | None,
    typer.Option(metavar="UM", help="Micrometres a pixel; tables are then in um [default: in pixels]."),
]
Threads = Annotated[
    int | None,
    typer.Option(help="Threads of the network and of OpenCV [default: one for each core, at most 4]."),
]
Overlap = Annotated[
    int | None,
    typer.Option(metavar="PX", help="Least overlap of tiles [default: three eighths of a tile]."),
]
MinArea = Annotated[int, typer.Option(metavar="PX", help="Cells of fewer pixels are left out; 0 keeps all.")]

DEFAULT_MIN_AREA = PredictOptions().min_area


def tell_assumed(assumed: Sequence[str]) -> None:
    """Say what no sidecar states of a model and had to be assumed; nothing where it states all."""
    if assumed:
        note(f"assumed, since no sidecar states it: {'; '.join(assumed)}")


def prediction_options(
    pixel_size: float | None,
    threads: int | None,
    overlap: int | None,
    min_area: int,
    *,
    overlays: bool,
    numbers: bool = False,
    rois: bool = False,
    geojson: bool = False,
) -> PredictOptions:
    """What was asked for; from now on OpenCV computes with as many threads.

    Raises:
        ConfigError: a value is out of range.
    """
    import cv2

    options = PredictOptions(
        overlap=overlap,
        min_area=min_area,
        pixel_size=pixel_size,
        overlays=overlays,
        numbers=numbers,
        rois=rois,
        geojson=geojson,
        threads=default_threads() if threads is None else threads,
    )
    cv2.setNumThreads(options.threads)
    return options
