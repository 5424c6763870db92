"""`cells.csv` and `images.csv`: one row a cell, one row an image."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from edgeseg.prediction.cells import Cell

_LENGTHS = ("centroid_x", "centroid_y", "bbox_x", "bbox_y", "bbox_width", "bbox_height")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageResult:
    """What was found in one image.

    Attributes:
        path: the image.
        width: pixels.
        height: pixels.
        cells: how many.
        mask_pixels: how many pixels of the mask are foreground.
        notes: what was done to bring the file to 8-bit grey.
    """

    path: Path
    width: int
    height: int
    cells: int
    mask_pixels: int
    notes: tuple[str, ...]

    @property
    def coverage(self) -> float:
        """The share of the image that is foreground, 0 to 1."""
        return self.mask_pixels / (self.width * self.height)


class Tables:
    """The text of both tables, growing image by image; about a hundred bytes a cell."""

    def __init__(self, pixel_size: float | None) -> None:
        """Begin with the headers.

        Args:
            pixel_size: micrometres a pixel, for lengths and areas in um and um2; None keeps pixels.
        """
        self._scale = pixel_size or 1.0
        length, area = ("px", "px") if pixel_size is None else ("um", "um2")
        self._cells, self._images = io.StringIO(), io.StringIO()
        self._cell_rows = csv.writer(self._cells, lineterminator="\n")
        self._image_rows = csv.writer(self._images, lineterminator="\n")
        lengths = [f"{name}_{length}" for name in _LENGTHS]
        self._cell_rows.writerow(["image", "cell", f"area_{area}", *lengths, "mean_intensity"])
        self._image_rows.writerow(["image", "width_px", "height_px", "cells", f"area_{area}", "coverage"])

    def add(self, result: ImageResult, cells: Iterable[Cell]) -> None:
        """Append one image and its cells, which are numbered from 1."""
        name = result.path.name
        area = _number(result.mask_pixels * self._scale**2)
        self._image_rows.writerow(
            [name, result.width, result.height, result.cells, area, _number(result.coverage)]
        )
        for number, cell in enumerate(cells, start=1):
            lengths = (cell.centroid_x, cell.centroid_y, cell.left, cell.top, cell.width, cell.height)
            values = (cell.area * self._scale**2, *(each * self._scale for each in lengths))
            self._cell_rows.writerow([name, number, *map(_number, (*values, cell.mean_intensity))])

    def texts(self) -> dict[str, str]:
        """File name -> content."""
        return {"cells.csv": self._cells.getvalue(), "images.csv": self._images.getvalue()}


def _number(value: float) -> str:
    return f"{value:.10g}"
