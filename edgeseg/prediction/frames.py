"""A picture and where it is from: one notion for image files, pages, videos and cameras.

A source is an iterator of frames. It gives them as they are there and says nothing of what becomes of
them; decoding waits until `Frame.read` is called, so that what is done already costs next to nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from edgeseg.data.images import Grey8
from edgeseg.errors import DatasetError

#: What reading a frame gives: `(H, W)` uint8 grey, and what was done to bring it there.
Read = Callable[[], tuple[Grey8, tuple[str, ...]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One picture of a source.

    Attributes:
        source: the file, or the camera as the user named it.
        name: what its results are called, without an ending: `STEM`, `STEM_p003` or `STEM_f000123`.
        read: decodes it. To be called at most once, before the next frame is asked for: a video goes on.
            Raises `DatasetError` where the picture cannot be used.
        page: of a file with several, from 1.
        number: of a frame in its video or camera, from 0.
        seconds: since the beginning of the video.
        time: UTC, ISO 8601: when the file was last changed, or the camera gave the frame; "" if unknown.
        left: how many frames are still to come, this one included, as far as is known.
    """

    source: str
    name: str
    read: Read
    page: int | None = None
    number: int | None = None
    seconds: float | None = None
    time: str = ""
    left: int = 1

    @property
    def position(self) -> int:
        """In its stack or video, from 1, as ImageJ counts; 0 for a picture by itself."""
        return self.page or (0 if self.number is None else self.number + 1)

    @property
    def label(self) -> str:
        """What people know it by: the file's name, or the results' name of a page or video frame."""
        return Path(self.source).name if self.page is None and self.number is None else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Frames, and what they come from.

    Attributes:
        inputs: the files, folder or camera, as named by the user; those of a folder one by one.
        frames: to be gone through once.
        live: frames come when they come; each is finished before the next is waited for.
    """

    inputs: tuple[str, ...]
    frames: Iterator[Frame]
    live: bool = False


def refusal(sentence: str) -> Read:
    """A `Frame.read` that says why there is nothing to read."""

    def read() -> tuple[Grey8, tuple[str, ...]]:
        raise DatasetError(sentence)

    return read


def modified(path: Path) -> str:
    """When a file was last changed, UTC, ISO 8601 in milliseconds; "" if it is not there."""
    try:
        return timestamp(path.stat().st_mtime)
    except OSError:
        return ""


def timestamp(seconds: float) -> str:
    """Seconds since 1970 as UTC, ISO 8601 in milliseconds."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="milliseconds")
