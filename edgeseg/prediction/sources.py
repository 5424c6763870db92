"""Pictures in files: images, the pages of stacks, and videos."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import cast

import cv2
import numpy as np

from edgeseg.data.images import AnyImage, Grey8, page_count, read_image, to_grey8
from edgeseg.errors import DatasetError
from edgeseg.prediction.capture import video_frames
from edgeseg.prediction.frames import Frame, Source, modified

#: Files with these endings are taken as videos, all others as images.
VIDEO_SUFFIXES = (".avi", ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv")


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
