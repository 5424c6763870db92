"""Videos and cameras, both through OpenCV's capture."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import cv2

from edgeseg.data.images import Grey8, to_grey8
from edgeseg.errors import DatasetError
from edgeseg.prediction.frames import Frame, Source, modified, refusal, timestamp

# What FFmpeg has to say of a damaged file is said once, by us.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

#: A camera's results are called by this: `camera_f000123`.
CAMERA_STEM = "camera"

#: A video may state up to so many frames more than it has, as a share and in frames: containers guess.
_GUESSED = (0.02, 2)


def video_frames(path: Path, *, every: int = 1, most: int | None = None) -> Iterator[Frame]:
    """The frames of a video file.

    Where it cannot be decoded, or ends before its time, a last frame tells so when it is read.

    Args:
        path: of the file.
        every: take frames 0, `every`, 2 `every` and so on.
        most: take no more than these.
    """
    capture = cv2.VideoCapture(str(path))
    stated = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    common = Frame(source=str(path), name=path.stem, read=refusal(_why_no_video(path)), time=modified(path))
    taken = number = 0
    try:
        while most is None or taken < most:
            if not capture.grab():
                yield from _ending(common, number, stated)
                break
            if number % every == 0:
                taken += 1
                left = max(1, (stated - number - 1) // every + 1)
                yield Frame(
                    source=common.source, name=frame_name(path.stem, number), number=number,
                    seconds=_position(capture, number), time=common.time,
                    left=left if most is None else min(left, most - taken + 1),
                    read=partial(_retrieve, capture, f"frame {number} of {path}"),
                )  # fmt: skip
            number += 1
    finally:
        capture.release()


def _ending(common: Frame, number: int, stated: int) -> Iterator[Frame]:
    """Nothing where a video is whole, else a frame that says what is missing."""
    if number == 0:
        yield common
    elif number < stated * (1 - _GUESSED[0]) - _GUESSED[1]:
        sentence = (
            f"{common.source} states {stated} frames, but no more than {number} can be decoded: it was cut "
            "off or is damaged; copy it again"
        )
        name = frame_name(Path(common.source).stem, number)
        yield Frame(source=common.source, name=name, number=number, read=refusal(sentence))


def _why_no_video(path: Path) -> str:
    try:
        with path.open("rb") as file:
            if not file.read(1):
                return f"expected a video in {path}, but the file is empty (0 bytes)"
    except OSError as error:
        return f"cannot read {path}: {(error.strerror or str(error)).lower()}"
    return (
        f"cannot decode {path} as a video: it is damaged, no video, or of a kind that OpenCV cannot decode "
        f"here; `ffmpeg -i {path.name} -c:v mjpeg -q:v 2 {path.stem}_mjpeg.avi` makes one that it can"
    )


def open_camera(camera: str, *, first: int = 0, every: int = 1, most: int | None = None) -> Source:
    """The frames of a camera from now on.

    Args:
        camera: a number (0 is `/dev/video0`), a device, the address of a stream, or a video file, which
            then stands for a camera.
        first: the number of the first frame; a camera has no beginning.
        every: take each so manieth frame.
        most: end after these, else go on for ever.

    Raises:
        DatasetError: there is no such camera, it may not be used, or it gives no picture.
    """
    _refuse_absent(camera)
    capture = cv2.VideoCapture(int(camera) if camera.isdecimal() else camera)
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # what waits in a longer queue would be old when it is used
    if not (capture.isOpened() and capture.grab()):
        capture.release()
        raise DatasetError(
            f"camera {camera} gives no picture: it is used by another program, no camera, or of a kind that "
            "OpenCV cannot use"
        )
    return Source(
        inputs=(f"camera {camera}",), frames=_camera_frames(capture, camera, first, every, most), live=True
    )


def _camera_frames(
    capture: cv2.VideoCapture, camera: str, first: int, every: int, most: int | None
) -> Iterator[Frame]:
    """The first frame has been grabbed already."""
    taken = number = 0
    try:
        while True:
            if number % every == 0:
                shown = first + number
                yield Frame(
                    source=f"camera {camera}", name=frame_name(CAMERA_STEM, shown), number=shown,
                    time=timestamp(time.time()),
                    read=partial(_retrieve, capture, f"frame {shown} of camera {camera}"),
                )  # fmt: skip
                taken += 1
            number += 1
            if most is not None and taken >= most:
                return
            if not capture.grab():
                break
    finally:
        capture.release()
    if not Path(camera).is_file():
        sentence = f"camera {camera} gave no more pictures after {number}; see whether it is still connected"
        yield Frame(source=f"camera {camera}", name=CAMERA_STEM, read=refusal(sentence))


def _refuse_absent(camera: str) -> None:
    """Say what is wrong with a device before OpenCV, which would only fail to open it."""
    device = Path(f"/dev/video{camera}" if camera.isdecimal() else camera)
    if "://" in camera or (camera.isdecimal() and not sys.platform.startswith("linux")):
        return
    if not device.exists():
        there = ", ".join(str(path) for path in sorted(Path("/dev").glob("video*")))
        raise DatasetError(
            f"expected a camera at {device}, but there is none; "
            + (f"there is {there}" if there else "no camera is connected (there is no /dev/video*)")
        )
    if not os.access(device, os.R_OK):
        raise DatasetError(
            f"no permission to use the camera {device}; `sudo usermod -aG video $USER` gives it, from the "
            "next login on"
        )


def frame_name(stem: str, number: int) -> str:
    """What the results of a frame are called."""
    return f"{stem}_f{number:06}"


def next_number(names: Iterable[str]) -> int:
    """The number of a camera's next frame, where results of these names are there already."""
    found = (re.fullmatch(rf"{CAMERA_STEM}_f(\d+)", name) for name in names)
    return max((int(match[1]) + 1 for match in found if match), default=0)


def _position(capture: cv2.VideoCapture, number: int) -> float | None:
    """Seconds since the beginning of the frame grabbed last; None where the file has no times."""
    seconds = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
    rate = capture.get(cv2.CAP_PROP_FPS)
    if seconds <= 0 and rate > 0:
        seconds = number / rate
    return round(seconds, 6) if seconds > 0 or number == 0 else None


def _retrieve(capture: cv2.VideoCapture, what: str) -> tuple[Grey8, tuple[str, ...]]:
    found, image = capture.retrieve()
    if not found:
        raise DatasetError(f"cannot decode {what}; the file or the connection is damaged there")
    return to_grey8(image)  # type: ignore[arg-type]  # 8 bits, always
