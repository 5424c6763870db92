"""`edgeseg serve`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from edgeseg.cli.console import INTERRUPTED, note, say
from edgeseg.cli.prediction_options import (
    DEFAULT_MIN_AREA,
    MinArea,
    Overlap,
    PixelSize,
    Threads,
    prediction_options,
    tell_assumed,
)
from edgeseg.errors import MissingDependencyError
from edgeseg.serving.serve_options import ServeOptions

_SERVE = ServeOptions()


def serve(
    model: Annotated[Path, typer.Argument(help="A .tflite or .tflite.xz file.")],
    source: Annotated[
        str,
        typer.Option(
            help="A camera (0, /dev/video0, an address), a folder that is being filled, or a video, TIFF "
            "stack or image."
        ),
    ],
    fps: Annotated[float, typer.Option(help="Frames a second, at most.")] = _SERVE.fps,
    host: Annotated[
        str, typer.Option(help="Where to listen; 0.0.0.0: for other machines too, who then need a token.")
    ] = _SERVE.host,
    port: Annotated[int, typer.Option(help="0: any that is free.")] = _SERVE.port,
    pixel_size: PixelSize = None,
    threads: Threads = None,
    overlap: Overlap = None,
    min_area: MinArea = DEFAULT_MIN_AREA,
) -> None:
    """Show on a local web page what a model finds, live: picture, cells and mask, cells over time, areas.

    Ends with Ctrl-C.
    """
    from edgeseg.model.artifact import load_artifact

    where = ServeOptions(host=host, port=port, fps=fps)
    options = prediction_options(pixel_size, threads, overlap, min_area, overlays=False)
    try:
        from edgeseg.serving.server import Listener, serve
    except ImportError as error:
        raise MissingDependencyError(
            f"serving a page needs Starlette and uvicorn: `pip install 'edgeseg[serve]'` ({error})"
        ) from error
    from edgeseg.prediction.pipeline import Pipeline
    from edgeseg.serving.live import Live, open_feed

    pipeline = Pipeline(load_artifact(model), options)
    tell_assumed(pipeline.assumed)
    feed = open_feed(source)
    listener = Listener(where.host, where.port)

    def complain(sentence: str) -> None:
        sys.stderr.write(f"error: {sentence}\n")
        sys.stderr.flush()

    def ready() -> None:
        say(f"{feed.name} at {listener.url}")
        sys.stdout.flush()
        note("Ctrl-C ends it")

    live = Live(feed, pipeline, fps=where.fps, complain=complain)
    serve(listener, live, pipeline, ready=ready)
    note("stopped")
    raise typer.Exit(INTERRUPTED)
