"""One picture with what was found in it, and the forms in which the page and its users get it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np

from edgeseg.data.images import Grey8
from edgeseg.labels.label_rows import Labels
from edgeseg.labels.regions import Cell
from edgeseg.prediction.frames import Frame
from edgeseg.prediction.label_tiff import encode_labels
from edgeseg.prediction.mask_png import encode_mask, mask_of
from edgeseg.prediction.overlay import draw_overlay
from edgeseg.prediction.pipeline import Pipeline
from edgeseg.prediction.tables import ImageResult, cells_csv
from edgeseg.progress import Progress, silent

#: A longer picture is reduced by a whole factor before it is sent to be looked at.
MAX_SHOWN = 1600

_QUALITY = (cv2.IMWRITE_JPEG_QUALITY, 85)


@dataclass(frozen=True, kw_only=True)
class Segmented:
    """A picture, its labels and its cells.

    Attributes:
        found: which picture, and the figures of it.
        grey: `(H, W)` uint8, the picture.
        labels: `(H, W)` int32, 0 or the number of a cell.
        cells: in the order of their numbers.
        seconds: that the network and the measuring took.
    """

    found: ImageResult
    grey: Grey8
    labels: Labels
    cells: tuple[Cell, ...]
    seconds: float

    @property
    def nbytes(self) -> int:
        """How much memory it holds."""
        return self.grey.nbytes + self.labels.nbytes

    # Each form is made when somebody asks for it, and once: several may watch the same frame.
    @cached_property
    def overlay_jpeg(self) -> bytes:
        """For looking at: the picture with its cells tinted and outlined."""
        return _encode(".jpg", draw_overlay(self.grey, self.labels, len(self.cells), longest=MAX_SHOWN))

    @cached_property
    def image_jpeg(self) -> bytes:
        """For looking at: the picture alone."""
        return _encode(".jpg", _reduced(self.grey))

    @cached_property
    def mask_jpeg(self) -> bytes:
        """For looking at: the mask alone."""
        return _encode(".jpg", _reduced(mask_of(self.labels), sharp=True))

    def overlay_png(self) -> bytes:
        """The overlay that `edgeseg predict` draws, without loss."""
        return _encode(".png", draw_overlay(self.grey, self.labels, len(self.cells)))

    def image_png(self) -> bytes:
        """The picture as 8-bit grey."""
        return _encode(".png", self.grey)

    def mask_png(self) -> bytes:
        """The mask, 0 and 255."""
        return encode_mask(self.labels)

    def labels_tiff(self, pixel_size: float | None) -> bytes:
        """The `labels/NAME.tif` that `edgeseg predict` writes."""
        return encode_labels(self.labels, len(self.cells), pixel_size)

    def cells_csv(self, pixel_size: float | None) -> bytes:
        """The `cells.csv` that `edgeseg predict` writes, of this picture alone."""
        return cells_csv(self.found, self.cells, pixel_size).encode()


def segment(
    pipeline: Pipeline, frame: Frame, grey: Grey8, notes: tuple[str, ...], *, progress: Progress = silent
) -> Segmented:
    """Segment a picture and measure its cells.

    Args:
        pipeline: what does it.
        frame: which picture.
        grey: `(H, W)` uint8 of any size.
        notes: what was done to bring it to 8-bit grey.
        progress: as of `Pipeline.segment`.
    """
    start = time.perf_counter()
    labels = pipeline.segment(grey, progress=progress)[:]
    found, cells = pipeline.measure(frame, grey, labels, notes)
    seconds = time.perf_counter() - start
    return Segmented(found=found, grey=grey, labels=labels, cells=cells, seconds=seconds)


#: What can be looked at.
VIEWS: dict[str, Callable[[Segmented], bytes]] = {
    "overlay": lambda shown: shown.overlay_jpeg,
    "image": lambda shown: shown.image_jpeg,
    "mask": lambda shown: shown.mask_jpeg,
}

#: What can be downloaded: name -> what makes it, given micrometres a pixel or None, and its media type.
PARTS: dict[str, tuple[Callable[[Segmented, float | None], bytes], str]] = {
    "overlay.png": (lambda shown, _: shown.overlay_png(), "image/png"),
    "image.png": (lambda shown, _: shown.image_png(), "image/png"),
    "mask.png": (lambda shown, _: shown.mask_png(), "image/png"),
    "labels.tif": (Segmented.labels_tiff, "image/tiff"),
    "cells.csv": (Segmented.cells_csv, "text/csv"),
}


def _reduced(image: Grey8, *, sharp: bool = False) -> Grey8:
    factor = math.ceil(max(image.shape) / MAX_SHOWN)
    if factor == 1:
        return image
    size = (max(1, image.shape[1] // factor), max(1, image.shape[0] // factor))
    way = cv2.INTER_NEAREST if sharp else cv2.INTER_AREA
    return np.asarray(cv2.resize(image, size, interpolation=way), np.uint8)


def _encode(suffix: str, picture: Any) -> bytes:
    return bytes(cv2.imencode(suffix, picture, _QUALITY if suffix == ".jpg" else ())[1])
