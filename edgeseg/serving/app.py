"""The page's addresses, and what answers each of them.

The page asks for the next message when it has shown the last one. So a slow client gets fewer frames, always
the newest, and no queue grows for it; and any number of clients may watch.
"""

from __future__ import annotations

import asyncio
import re
import threading
import time
from pathlib import Path, PurePath
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from edgeseg._version import __version__
from edgeseg.errors import DatasetError
from edgeseg.prediction.frames import Frame
from edgeseg.prediction.pipeline import Pipeline
from edgeseg.serving import uploads
from edgeseg.serving.live import Live
from edgeseg.serving.message import Device, card, message
from edgeseg.serving.recent_results import RecentResults
from edgeseg.serving.segmented import PARTS, VIEWS, Segmented, segment

#: A request for the next message is answered after so many seconds, with or without a change.
PATIENCE = 5.0

#: Seconds between two looks for a change: no frame rate is so high that anybody would see them.
_LOOK_EVERY = 0.03

#: The page's files, by address; nothing else of the disk can be asked for.
_PAGE = Path(__file__).with_name("page")
_FILES = {
    "/": ("index.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
    "/charts.js": ("charts.js", "text/javascript"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}

#: An upload must have arrived after so many seconds: while it comes, no other is taken.
UPLOAD_SECONDS = 60.0

#: The name under which the newest frame is found among the results.
LIVE = "live"


def make_app(live: Live, pipeline: Pipeline) -> Starlette:
    """The application, not yet behind its gate."""
    page = _Page(live, pipeline)
    return Starlette(
        routes=[
            *(Route(path, _file(*file), methods=["GET"]) for path, file in _FILES.items()),
            Route("/about", page.about, methods=["GET"]),
            Route("/message", page.message, methods=["GET"]),
            Route("/counts.csv", page.counts, methods=["GET"]),
            Route("/results/{name}/{part}", page.result, methods=["GET"]),
            Route("/snapshots", page.snapshot, methods=["POST"]),
            Route("/uploads", page.upload, methods=["POST"]),
        ]
    )


def _file(name: str, kind: str) -> Any:
    content = (_PAGE / name).read_bytes()

    async def answer(_request: Request) -> Response:
        return Response(content, media_type=kind)

    return answer


class _Page:
    """The answers; one object for all clients."""

    def __init__(self, live: Live, pipeline: Pipeline) -> None:
        self._live, self._pipeline = live, pipeline
        self._pixel_size = pipeline.options.pixel_size
        self._device, self._recent = Device(), RecentResults()
        self._uploading = threading.Lock()

    async def about(self, _request: Request) -> Response:
        """What does not change while the server runs."""
        return JSONResponse({
            "edgeseg": __version__,
            "model": self._pipeline.model,
            "source": self._live.feed.name,
            "unit": "px" if self._pixel_size is None else "µm²",
            "most_bytes": uploads.MAX_BYTES,
        })  # fmt: skip

    async def message(self, request: Request) -> Response:
        """The next message: at once if the client's version is not the current one, else when it changes."""
        view = request.query_params.get("view", "overlay")
        if view not in VIEWS:
            return _refused(f"expected a view ({', '.join(VIEWS)}), but got another", 400)
        seen = request.query_params.get("after")
        end = time.monotonic() + PATIENCE
        while str(self._live.status.version) == seen and time.monotonic() < end and not self._live.stopping:
            await asyncio.sleep(_LOOK_EVERY)
        status, scale = self._live.status, (self._pixel_size or 1.0) ** 2
        content = await run_in_threadpool(
            message, self._live, status, self._device, view=view, scale=scale
        )  # fmt: skip
        return JSONResponse(content)

    async def counts(self, _request: Request) -> Response:
        """Cells over time."""
        return _download(await run_in_threadpool(self._live.counts.csv), "counts.csv", "text/csv")

    async def result(self, request: Request) -> Response:
        """A picture or the table of a result."""
        name, part = request.path_params["name"], request.path_params["part"]
        found = self._live.status.newest if name == LIVE else self._recent.get(name)
        if found is None:
            return _refused("there is no such result, or no longer: only the last ones are kept", 404)
        called = f"{_safe(found.found.name)}_{part}"
        if part not in PARTS:
            return _refused(f"a result has {', '.join(PARTS)}", 404)
        make, kind = PARTS[part]
        return _download(await run_in_threadpool(make, found, self._pixel_size), called, kind)

    async def snapshot(self, _request: Request) -> Response:
        """Keep the newest frame."""
        newest = self._live.status.newest
        if newest is None:
            return _refused("there is no frame yet", 409)
        return await self._keep("snapshot", newest)

    async def upload(self, request: Request) -> Response:
        """Segment the image in the body, and keep the result."""
        if not self._uploading.acquire(blocking=False):
            return _refused("another upload is being segmented; try again when it is done", 503)
        try:
            label = _shown(request.query_params.get("name", ""))
            async with asyncio.timeout(UPLOAD_SECONDS):
                data = await uploads.read_limited(request.stream(), request.headers.get("content-length"))
            made = await run_in_threadpool(self._segment, data, label)
        except uploads.TooLargeError as error:
            return _refused(str(error), 413)
        except DatasetError as error:
            return _refused(str(error), 415)
        except TimeoutError:
            return _refused(f"the image did not arrive within {UPLOAD_SECONDS:.0f} s; make it smaller", 408)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is left to read it
        finally:
            self._uploading.release()
        return await self._keep("upload", made)

    def _segment(self, data: bytes, label: str) -> Segmented:
        grey, notes = uploads.decode_upload(data, label)
        name = PurePath(label).stem
        frame = Frame(source=label, name=name, read=lambda: (grey, notes))
        return segment(self._pipeline, frame, grey, notes)

    async def _keep(self, kind: str, result: Segmented) -> Response:
        name = self._recent.add(kind, result)
        shown = await run_in_threadpool(card, result)
        return JSONResponse({"name": name, **shown, "parts": [*PARTS]}, 201)


def _refused(sentence: str, status: int) -> Response:
    return PlainTextResponse(sentence + "\n", status)


def _download(content: bytes, name: str, kind: str) -> Response:
    return Response(
        content, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _shown(name: str) -> str:
    """A file's name as people may see it: no folders, nothing that cannot be printed, not endless."""
    last = re.split(r"[/\\]", name)[-1]
    return "".join(each for each in last if each.isprintable())[:100] or "upload"


def _safe(name: str) -> str:
    """A name for a download."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name).lstrip(".") or "result"
