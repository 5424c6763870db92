"""`edgeseg serve`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from edgeseg.cli.console import INTERRUPTED, note, say
from edgeseg.errors import MissingDependencyError
from edgeseg.prediction.options import PredictOptions, default_threads
from edgeseg.serving.options import ServeOptions

_DEFAULTS, _SERVE = PredictOptions(), ServeOptions()


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
    pixel_size: Annotated[
        float | None,
        typer.Option(metavar="UM", help="Micrometres a pixel; areas are then in um2 [default: in pixels]."),
    ] = None,
    threads: Annotated[
        int | None, typer.Option(help="Of the network and of OpenCV [default: one a core, at most 4].")
    ] = None,
    overlap: Annotated[
        int | None,
        typer.Option(metavar="PX", help="Least overlap of tiles [default: three eighths of a tile]."),
    ] = None,
    min_area: Annotated[
        int, typer.Option(metavar="PX", help="Components of fewer pixels are no cells; 0 keeps all.")
    ] = _DEFAULTS.min_area,
) -> None:
    """Show on a local web page what a model finds, live: picture, mask, cells over time, areas.

    Ends with Ctrl-C.
    """
    import cv2

    from edgeseg.model.artifact import load_artifact

    where = ServeOptions(host=host, port=port, fps=fps)
    options = PredictOptions(
        overlap=overlap,
        min_area=min_area,
        pixel_size=pixel_size,
        threads=default_threads() if threads is None else threads,
    )
    try:
        from edgeseg.serving.server import Listener, serve
    except ImportError as error:
        raise MissingDependencyError(
            f"serving a page needs Starlette and uvicorn: `pip install 'edgeseg[serve]'` ({error})"
        ) from error
    from edgeseg.serving.live import Live, open_feed
    from edgeseg.serving.pipeline import Pipeline

    pipeline = Pipeline(load_artifact(model), options)
    cv2.setNumThreads(options.threads)
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
