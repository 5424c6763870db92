"""Pictures as series over time: which belong together, and where each one stands."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from edgeseg.prediction.tables import ImageResult
from edgeseg.text import counted

#: Seconds from which on times are told in a longer unit.
_UNITS = (("days", 86_400, 3 * 86_400), ("hours", 3600, 3 * 3600), ("minutes", 60, 180), ("seconds", 1, 0))


@dataclass(frozen=True, slots=True)
class Point:
    """A picture, and where it stands on the axis of its series."""

    at: float
    image: ImageResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Pictures one after another.

    Attributes:
        title: what they are from.
        unit: what `Point.at` counts.
        since: from when on; "" where that goes without saying.
        points: in the order of the axis; at least one.
    """

    title: str
    unit: str
    since: str
    points: tuple[Point, ...]

    @property
    def axis(self) -> str:
        """What the axis says."""
        return f"{self.unit} {self.since}".rstrip()


def make_series(images: Iterable[ImageResult]) -> tuple[Series, ...]:
    """Put pictures into series: each stack, video and camera by itself, and all single images together.

    Where a picture stands in time is told by the seconds of a video, else by when files were changed or
    frames taken, if that goes upwards. Else pages, frames, or images as they were predicted are counted.
    """
    groups: dict[str | None, list[ImageResult]] = {}
    for image in images:
        is_single = image.page is None and image.frame is None
        groups.setdefault(None if is_single else image.source, []).append(image)
    return tuple(_series(source, group) for source, group in groups.items())


def _series(source: str | None, images: list[ImageResult]) -> Series:
    if source is None:
        title = counted(len(images), "image")
    else:
        title = Path(source).name or source
        images = sorted(images, key=lambda image: (image.page or 0, image.frame or 0))
    unit, since, places = _by_time(images) or (_counted_in(images[0]), "", _numbers(images))
    points = tuple(Point(at, image) for at, image in zip(places, images, strict=True))
    return Series(title=title, unit=unit, since=since, points=points)


def _by_time(images: Sequence[ImageResult]) -> tuple[str, str, list[float]] | None:
    """Where they stand in time; None where that is not told, or does not go upwards."""
    if len(images) < 2:
        return None
    seconds = [image.seconds for image in images if image.seconds is not None]
    since = "the beginning"
    if len(seconds) < len(images):
        times = [_seconds(image.time) for image in images]
        seconds = [time - (times[0] or 0) for time in times if time is not None]
        since = f"{images[0].time[:19].replace('T', ' ')} UTC"
    if len(seconds) < len(images) or any(later <= earlier for earlier, later in pairwise(seconds)):
        return None
    unit, size = next((unit, size) for unit, size, least in _UNITS if seconds[-1] - seconds[0] >= least)
    return unit, f"since {since}", [each / size for each in seconds]


def _seconds(time: str) -> float | None:
    try:
        return dt.datetime.fromisoformat(time).timestamp()
    except ValueError:
        return None


def _counted_in(image: ImageResult) -> str:
    if image.page is not None:
        return "page"
    return "image" if image.frame is None else "frame"


def _numbers(images: Sequence[ImageResult]) -> list[float]:
    """Of pages or frames, else of the images from 1."""
    given = [image.frame if image.page is None else image.page for image in images]
    return [number if own is None else own for number, own in enumerate(given, start=1)]
