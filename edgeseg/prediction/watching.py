"""A folder that is being filled.

The folder is listed again and again. Events of the system (inotify and its kin) would come sooner, but
they do not come at all for what another machine writes into a network folder, which is where microscopes
write; and an event does not say either that a file is whole.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from edgeseg.data.images import Grey8, list_images
from edgeseg.errors import ConfigError, DatasetError
from edgeseg.prediction.frames import Frame, Source, refusal
from edgeseg.prediction.sources import image_frames

#: A file that has come to rest and cannot be decoded is reported after so many polls without a change.
PATIENCE = 10


@dataclass(slots=True)
class _Seen:
    """What is known of a file.

    Attributes:
        state: its size and time of change.
        quiet: polls since they changed.
        settled: it was given away, or reported, as it is.
    """

    state: tuple[int, int]
    quiet: int = 0
    settled: bool = False


def watch_folder(folder: Path, *, poll: float, done: Mapping[str, str]) -> Source:
    """The images of a folder, those that are there first, then those that come, without end.

    A file is given when its size and time of change have stayed the same from one poll to the next and
    it can be decoded; one that was half written is tried again when it has changed. A file that changes
    after it was given is given again.

    Args:
        folder: to watch; folders in it are not.
        poll: seconds between two looks at it.
        done: the names of results that are there -> `Frame.time` of their images, which are given without
            being decoded.

    Raises:
        DatasetError: there is no such folder, or it cannot be read.
        ConfigError: `poll` is not above 0.
    """
    if not 0 < poll <= 3600:
        raise ConfigError(
            f"expected from 0 to 3600 seconds between two looks at the folder, but got {poll:g}"
        )
    if not folder.is_dir():
        raise DatasetError(f"expected a folder to watch, but {folder} is none")
    list_images(folder)
    return Source(inputs=(str(folder),), frames=_watch(folder, poll, done), live=True)


def _watch(folder: Path, poll: float, done: Mapping[str, str]) -> Iterator[Frame]:
    seen: dict[Path, _Seen] = {}
    away = False
    while True:
        try:
            paths = list_images(folder)
            away = False
        except DatasetError as error:  # a network folder may come back
            paths = []
            if not away:
                away = True
                yield Frame(source=str(folder), name=folder.name, read=refusal(f"{error}; waiting for it"))
        for path in paths:
            yield from _look(path, seen, done)
        time.sleep(poll)


def _look(path: Path, seen: dict[Path, _Seen], done: Mapping[str, str]) -> Iterator[Frame]:
    """Frames of a file that has come to rest since it was looked at last."""
    try:
        found = path.stat()
    except OSError:  # gone again
        seen.pop(path, None)
        return
    state = (found.st_size, found.st_mtime_ns)
    file = seen.get(path)
    if file is None or file.state != state:
        seen[path] = _Seen(state)
        return
    file.quiet += 1
    if file.settled:
        return
    frames = list(image_frames(path))
    if all(done.get(frame.name) == frame.time for frame in frames):
        file.settled = True
    else:
        try:
            frames = _whole(frames)
            file.settled = True
        except DatasetError:
            file.settled = file.quiet >= PATIENCE
    if file.settled:
        yield from frames


def _whole(frames: list[Frame]) -> list[Frame]:
    """The frames of a file, of which a picture was read; `DatasetError` where that fails.

    What a cut file lacks is its end: of a stack, the last page is tried.
    """
    picture = frames[-1].read()
    if len(frames) > 1:
        return frames

    def read() -> tuple[Grey8, tuple[str, ...]]:
        return picture

    return [replace(frames[0], read=read)]
