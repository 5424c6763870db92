"""Where pictures come from: one notion of a frame for image files, pages, videos and cameras.

A source is an iterator of frames. It gives them as they are there and says nothing of what becomes of
them; decoding waits until `Frame.read` is called, so that what is done already costs next to nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import cast

import cv2
import numpy as np

from edgeseg.data.images import AnyImage, Grey8, page_count, read_image, to_grey8
from edgeseg.errors import DatasetError

#: Files with these endings are taken as videos, all others as images.
VIDEO_SUFFIXES = (".avi", ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv")

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


def is_video(path: Path) -> bool:
    """Whether a file is taken as a video, by its ending."""
    return path.suffix.lower() in VIDEO_SUFFIXES


def open_files(paths: Sequence[Path], *, every: int = 1, most: int | None = None) -> Source:
    """The images, pages and video frames of files, in order.

    A file that cannot be read gives one frame of which `read` tells why.

    Args:
        paths: image, TIFF and video files; see `inputs.collect_inputs`.
        every: of a video, each so manieth frame is taken.
        most: of a video, no more frames than these are taken.
    """
    return Source(inputs=tuple(map(str, paths)), frames=_frames(paths, every, most))


def _frames(paths: Sequence[Path], every: int, most: int | None) -> Iterator[Frame]:
    from edgeseg.prediction.capture import video_frames

    for after, path in zip(reversed(range(len(paths))), paths, strict=True):
        frames = video_frames(path, every=every, most=most) if is_video(path) else image_frames(path)
        for frame in frames:
            yield replace(frame, left=frame.left + after)


def image_frames(path: Path) -> Iterator[Frame]:
    """An image file as one frame, or as one a page where it has several (TIFF)."""
    whole = Frame(source=str(path), name=path.stem, read=partial(_read_file, path), time=modified(path))
    pages = page_count(path) if whole.time else 1
    if pages == 1:
        yield whole
        return
    for page in range(1, pages + 1):
        read = partial(_read_page, path, page)
        yield replace(
            whole, name=f"{path.stem}_p{page:03}", page=page, read=read, left=pages - page + 1
        )  # fmt: skip


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


def _read_file(path: Path) -> tuple[Grey8, tuple[str, ...]]:
    return to_grey8(read_image(path))


def _read_page(path: Path, page: int) -> tuple[Grey8, tuple[str, ...]]:
    """One page alone: a stack need not fit in memory."""
    try:
        found, images = cv2.imreadmulti(str(path), page - 1, 1, flags=cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise DatasetError(f"cannot decode page {page} of {path}: {error.err}") from error
    if not found or not images:
        raise DatasetError(f"cannot decode page {page} of {path}: the file is truncated or damaged there")
    if images[0].dtype not in (np.uint8, np.uint16):
        raise DatasetError(
            f"expected 8 or 16 bits per channel on page {page} of {path}, but it holds "
            f"{images[0].dtype} values"
        )
    return to_grey8(cast("AnyImage", images[0]))
