"""Cells to look at: each in its colour and with its outline, on the image that they were found in."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgeseg.bench.result import Panel
from edgeseg.errors import ResultError
from edgeseg.metrics.cells import MIN_AREA
from edgeseg.text import counted

#: Pixels; pictures with a longer side are reduced by a whole factor.
_LONGEST = 768


@dataclass(frozen=True, slots=True)
class DrawnCells:
    """An image with its cells.

    Attributes:
        png: an RGB PNG file in base64.
        count: of the cells, specks left out as in every figure.
    """

    png: str
    count: int

    @property
    def text(self) -> str:
        """What is seen, in words."""
        return counted(self.count, "cell")


def draw_true_cells(panel: Panel) -> DrawnCells | None:
    """The true cells of a panel; None where they are not known.

    Raises:
        ResultError: as of `draw_cells`.
    """
    return _draw(panel, panel.true_labels, "truth") if panel.true_labels else None


def draw_cells(panel: Panel) -> Mapping[str, DrawnCells]:
    """What each model that tells cells apart found in the image of a panel, by the model.

    Raises:
        ResultError: labels or image are no PNG file, or not of one size.
    """
    return {name: _draw(panel, labels, name) for name, labels in panel.labels.items()}


def _draw(panel: Panel, labels: str, name: str) -> DrawnCells:
    import cv2

    from edgeseg.prediction.overlay import draw_overlay

    grey, numbers = _read(panel.image, panel, "image").astype(np.uint8), _read(labels, panel, name)
    if numbers.shape != grey.shape:
        raise ResultError(
            f"expected the cells of {name} on {panel.stem} in the size of the image, "
            f"{grey.shape[1]}x{grey.shape[0]}, but got {numbers.shape[1]}x{numbers.shape[0]}; bench again"
        )
    picture = draw_overlay(grey, numbers.astype(np.int32), int(numbers.max(initial=0)), longest=_LONGEST)
    _, data = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    areas = np.bincount(numbers[numbers > 0])
    return DrawnCells(base64.b64encode(data.tobytes()).decode(), int((areas >= MIN_AREA).sum()))


def _read(png: str, panel: Panel, name: str) -> Any:
    """An image of one channel, 8 or 16 bits, `(H, W)`."""
    import cv2

    try:
        data = np.frombuffer(base64.b64decode(png, validate=True), np.uint8)
    except binascii.Error:
        data = np.empty(0, np.uint8)
    pixels: Any = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
    if pixels is None or pixels.ndim != 2:
        raise ResultError(
            f"expected a grey PNG file as the {name} of {panel.stem}, but it is none; bench again"
        )
    return pixels
