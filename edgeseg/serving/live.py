"""The loop behind the page: one thread that takes frame after frame and keeps the newest."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from edgeseg.errors import DatasetError
from edgeseg.prediction.frames import Frame, Source
from edgeseg.prediction.inputs import collect_inputs
from edgeseg.prediction.pipeline import Pipeline
from edgeseg.prediction.sources import open_files
from edgeseg.serving.counts import Count, Counts
from edgeseg.serving.segmented import Segmented, segment

#: Seconds between two looks at a folder.
_POLL = 0.5

#: A camera's frame that is there after so few seconds has waited in its buffer: it shows what was.
_AT_ONCE = 0.002

#: The frame rate is that of so many seconds.
_RATE_WINDOW = 5.0

WAITING, RUNNING, ENDED = "waiting", "running", "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """Frames, and whether those that come too fast are left out.

    Attributes:
        source: the frames.
        name: as the user named it.
        drops: a camera goes on while the network works, files wait.
    """

    source: Source
    name: str
    drops: bool


def open_feed(named: str) -> Feed:
    """Open what `--source` names: a camera, a folder that is being filled, or files.

    Args:
        named: a number, `/dev/video...` or an address is a camera, a folder is watched; a path or pattern
            of images, TIFF stacks and videos is gone through once.

    Raises:
        DatasetError: it does not exist or cannot be used.
    """
    path = Path(named)
    number = named.isdecimal() and not path.exists()  # a folder may be called 2026
    if number or "://" in named or named.startswith("/dev/video"):
        from edgeseg.prediction.capture import open_camera

        return Feed(source=open_camera(named), name=f"camera {named}", drops=True)
    if path.is_dir():
        from edgeseg.prediction.watching import watch_folder

        return Feed(source=watch_folder(path, poll=_POLL, done={}), name=str(path), drops=False)
    return Feed(source=open_files(collect_inputs([path])), name=str(path), drops=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Where the loop stands; replaced as a whole, so that readers need no lock.

    Attributes:
        version: another with every change; other servers begin elsewhere.
        phase: `waiting` for the first frame, `running`, or `ended`.
        frames: how many were segmented.
        newest: the last of them.
        problems: how many pictures could not be used.
        problem: why the last of those could not; "" if there is none.
    """

    version: int
    phase: str = WAITING
    frames: int = 0
    newest: Segmented | None = None
    problems: int = 0
    problem: str = ""


class _StoppedError(Exception):
    """Raised within a picture when the server ends."""


class Live:
    """The loop.

    Attributes:
        feed: where frames come from.
        status: where the loop stands.
        counts: of all frames.
        span: least and largest area of a cell so far, pixels; None before the first cell.
        stopping: whether the server ends.
    """

    def __init__(
        self, feed: Feed, pipeline: Pipeline, *, fps: float, complain: Callable[[str], None]
    ) -> None:
        """Make it ready.

        Args:
            feed: where frames come from.
            pipeline: what to do with them.
            fps: frames a second, at most.
            complain: told why a picture cannot be used.
        """
        self.feed, self._pipeline = feed, pipeline
        self._period, self._complain = 1 / fps, complain
        self._scale = (pipeline.options.pixel_size or 1.0) ** 2
        self.counts = Counts("px" if pipeline.options.pixel_size is None else "um2")
        self.span: tuple[int, int] | None = None
        self.status = Status(version=time.time_ns() // 1_000_000)
        self._stop, self._working = threading.Event(), threading.Lock()
        self._began: float | None = None
        self._finished: deque[float] = deque(maxlen=10_000)

    @property
    def stopping(self) -> bool:
        """Whether the server ends."""
        return self._stop.is_set()

    @property
    def fruitless(self) -> bool:
        """Whether the source ended without a single picture that could be used."""
        return self.status.phase == ENDED and self.status.newest is None

    def start(self, at_end: Callable[[], None]) -> None:
        """Begin, on a thread of its own; `at_end` is called there when the source has ended."""
        # A daemon: nothing can wake it while it waits for a camera or a folder.
        threading.Thread(target=self._run, args=(at_end,), name="live", daemon=True).start()

    def ask_to_stop(self) -> None:
        """Take no more frames, and release those who wait for one."""
        self._stop.set()

    def stop(self) -> None:
        """The same, and wait until the network is at rest: at most for one tile."""
        self.ask_to_stop()
        with self._working:
            pass

    def rate(self) -> float:
        """Frames a second, over the last few seconds."""
        now = time.monotonic()
        recent = [each for each in tuple(self._finished) if now - each <= _RATE_WINDOW]
        if len(recent) < 2:
            return 0.0
        return (len(recent) - 1) / (recent[-1] - recent[0])

    def _run(self, at_end: Callable[[], None]) -> None:
        try:
            self._follow()
        except _StoppedError:
            pass
        except BaseException:
            self._tell(problem="an error inside edgeseg ended it; the terminal has more")
            raise
        finally:
            self._change(phase=ENDED)
            at_end()

    def _follow(self) -> None:
        due = 0.0
        for frame in self.feed.source.frames:
            now = time.monotonic()
            if self.stopping:
                return
            # What comes from a camera without a number is no picture, but says why there are no more.
            if now < due and self.feed.drops and frame.number is not None:
                continue
            if now < due and self._stop.wait(due - now):
                return
            due = max(due, now) + self._period
            self._take(frame)
            if self.feed.drops:
                due = max(due, time.monotonic() + _AT_ONCE)

    def _take(self, frame: Frame) -> None:
        try:
            grey, notes = frame.read()
        except DatasetError as error:
            self._complain(str(error))
            self._tell(problem=str(error))
            return
        with self._working:
            made = segment(self._pipeline, frame, grey, notes, progress=self._check)
        self._count(made)
        self._change(phase=RUNNING, frames=self.status.frames + 1, newest=made)

    def _check(self, _done: int, _total: int, _note: str) -> None:
        if self.stopping:
            raise _StoppedError

    def _count(self, made: Segmented) -> None:
        now = time.monotonic()
        self._began = now if self._began is None else self._began
        self._finished.append(now)
        found = made.found
        sizes = [cell.area for cell in made.cells] + list(self.span or ())
        self.span = (min(sizes), max(sizes)) if sizes else None
        self.counts.add(
            Count(
                label=found.label, cells=found.cells, area=found.mask_pixels * self._scale,
                coverage=found.coverage,
                seconds=now - self._began if found.seconds is None else found.seconds,
                time=dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
            )
        )  # fmt: skip

    def _tell(self, *, problem: str) -> None:
        self._change(problem=problem, problems=self.status.problems + 1)

    def _change(self, **what: object) -> None:
        self.status = replace(self.status, version=self.status.version + 1, **what)  # type: ignore[arg-type]
