"""What the page shows, as one message: the page itself keeps nothing."""

from __future__ import annotations

import base64
import bisect
import math
import time
from collections import Counter
from pathlib import Path
from typing import Any

from edgeseg.machine import throttling
from edgeseg.machine.temperature import read_temperature
from edgeseg.serving.live import Live, Status
from edgeseg.serving.segmented import VIEWS, Segmented

#: Where classes of areas begin: six to the power of ten.
_LIMITS = [float(f"{step}e{power}") for power in range(-4, 12) for step in ("1", "1.5", "2", "3", "5", "7")]

#: Seconds between two looks at the machine: asking a Raspberry Pi's firmware starts a program.
_LOOK_EVERY = 2.0


class Device:
    """How hot this machine is, looked up now and then."""

    def __init__(self, root: Path = Path("/")) -> None:
        """Nothing is read yet; `root` is where `sys` is."""
        self._root, self._read_at = root, -math.inf
        self._told: dict[str, Any] = {}

    def told(self) -> dict[str, Any]:
        """`temperature_c`, None where it is not told, and `throttled`, why the clock is held down."""
        if time.monotonic() - self._read_at >= _LOOK_EVERY:
            self._read_at = time.monotonic()
            flags = throttling.read_flags(self._root)
            self._told = {
                "temperature_c": read_temperature(self._root),
                "throttled": list(throttling.decode(flags)[0]) if flags else [],
            }
        return self._told


def message(live: Live, status: Status, device: Device, *, view: str, scale: float) -> dict[str, Any]:
    """Everything that the page shows of the source.

    Args:
        live: the loop.
        status: where it stood when the message was asked for.
        device: the machine.
        view: which of `VIEWS`.
        scale: area of a pixel, in the unit of the tables.
    """
    newest, frame = status.newest, None
    if newest is not None:
        sizes = areas(newest, scale, live.span) if live.span else []
        frame = {**card(newest, view=view), "areas": sizes}
    return {
        "version": status.version,
        "status": status.phase,
        "frames": status.frames,
        "problem": status.problem,
        "problems": status.problems,
        "fps": round(live.rate(), 2),
        **device.told(),
        "counts": live.counts.points(),
        "frame": frame,
    }


def card(shown: Segmented, *, view: str = "overlay") -> dict[str, Any]:
    """One result: what it is, its figures, and its picture as a `data:` address."""
    found = shown.found
    return {
        "label": found.label,
        "width": found.width,
        "height": found.height,
        "cells": found.cells,
        "coverage": found.coverage,
        "seconds": round(shown.seconds, 4),
        "notes": list(found.notes),
        "picture": "data:image/jpeg;base64," + base64.b64encode(VIEWS[view](shown)).decode(),
    }


def areas(shown: Segmented, scale: float, span: tuple[int, int]) -> list[dict[str, float]]:
    """How many cells there are of which size.

    Areas of one picture differ by tens, so classes grow with them; their limits are round numbers that do
    not depend on the picture, so they stand still from frame to frame.

    Args:
        shown: a picture.
        scale: area of a pixel, in the unit of the tables.
        span: least and largest area of a cell in any picture so far, pixels.

    Returns:
        `from`, `to` (exclusive; both in the unit of the tables) and `cells`, for the classes of `span`.
    """
    found = Counter(_class(cell.area * scale) for cell in shown.cells)
    first, last = (_class(area * scale) for area in span)
    return [
        {"from": _LIMITS[index], "to": _LIMITS[index + 1], "cells": found[index]}
        for index in range(first, last + 1)
    ]


def _class(area: float) -> int:
    return min(max(0, bisect.bisect_right(_LIMITS, area) - 1), len(_LIMITS) - 2)
