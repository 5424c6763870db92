"""Masks to look at, coloured by where they differ from the truth."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgeseg.bench.result import Panel
from edgeseg.errors import ResultError
from edgeseg.metrics.pixels import ConfusionCounts, count

#: Red, green, blue: both found, found but not true, true but not found, neither. Orange and blue of Okabe
#: and Ito (jfly.uni-koeln.de/color) are told apart by people with every kind of colour blindness, and they
#: differ in brightness from white, black and each other.
BOTH, TOO_MUCH, MISSED, NEITHER = (240, 240, 240), (230, 159, 0), (0, 114, 178), (0, 0, 0)


@dataclass(frozen=True, slots=True)
class ColouredMask:
    """A mask and what is wrong with it.

    Attributes:
        png: an RGB PNG file in base64.
        counts: its pixels.
    """

    png: str
    counts: ConfusionCounts

    @property
    def text(self) -> str:
        """What is seen, in words."""
        counts = self.counts
        return f"Dice {counts.dice:.4f}; {counts.fp:,} pixels too many, {counts.fn:,} missed"


def colour_masks(panel: Panel) -> dict[str, ColouredMask]:
    """Every mask of a panel, by the model.

    Raises:
        ResultError: a mask is no PNG file, or not of the size of the truth.
    """
    truth = _read(panel.truth, panel, "truth")
    return {name: _colour(truth, _read(mask, panel, name), panel, name) for name, mask in panel.masks.items()}


def _colour(
    truth: npt.NDArray[np.bool_], mask: npt.NDArray[np.bool_], panel: Panel, name: str
) -> ColouredMask:
    import cv2

    if mask.shape != truth.shape:
        raise ResultError(
            f"expected the mask of {name} on {panel.stem} in the size of the truth, {_size(truth)}, but got "
            f"{_size(mask)}; bench again"
        )
    colours = np.array((NEITHER, TOO_MUCH, MISSED, BOTH), np.uint8)
    pixels = colours[2 * truth.astype(np.uint8) + mask.astype(np.uint8)]
    _, data = cv2.imencode(".png", pixels[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])
    return ColouredMask(base64.b64encode(data.tobytes()).decode(), count(truth, mask))


def _read(png: str, panel: Panel, name: str) -> npt.NDArray[np.bool_]:
    import cv2

    try:
        data = np.frombuffer(base64.b64decode(png, validate=True), np.uint8)
    except binascii.Error:
        data = np.empty(0, np.uint8)
    pixels: Any = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) if data.size else None
    if pixels is None:
        raise ResultError(f"expected a PNG file as the {name} of {panel.stem}, but it is none; bench again")
    mask: npt.NDArray[np.bool_] = pixels > 127
    return mask


def _size(mask: npt.NDArray[np.bool_]) -> str:
    return f"{mask.shape[1]}x{mask.shape[0]}"
