"""Outlines of cells as ImageJ's regions of interest: a zip file that its ROI Manager opens."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from edgeseg.errors import DatasetError
from edgeseg.labels.outlines import Outline, Ring

if TYPE_CHECKING:
    from roifile import ImagejRoi

#: ImageJ keeps coordinates in 16 bits and takes those above for negative numbers.
MAX_SIDE = 60_535

#: Of a path: move to x, y; a line to x, y; back to where it began.
_MOVE, _LINE, _CLOSE = 0.0, 1.0, 4.0


def check_size(height: int, width: int, name: str) -> None:
    """Refuse a picture whose coordinates ImageJ's format cannot hold.

    Raises:
        DatasetError: a side is longer than `MAX_SIDE`.
    """
    if max(height, width) > MAX_SIDE:
        raise DatasetError(
            f"expected an image of at most {MAX_SIDE} pixels a side for ImageJ's regions of interest, but "
            f"{name} is {width}x{height}; leave out --rois, or cut it into pieces"
        )


def encode_rois(outlines: Iterable[Outline], *, position: int = 0) -> bytes:
    """A zip file with one region for each cell, which is named by its number.

    A cell of one ring is a traced region, as ImageJ's wand makes it; one with holes or in several parts is a
    composite one. ImageJ fills both to the pixel.

    Args:
        outlines: of the cells.
        position: of the picture in its stack, from 1; 0 for a picture by itself.
    """
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for outline in outlines:
            # With a time stated, the same cells make the same bytes.
            entry = zipfile.ZipInfo(f"{outline.number}.roi")
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, _roi(outline, position).tobytes(), compresslevel=1)
    return data.getvalue()


def _roi(outline: Outline, position: int) -> ImagejRoi:
    from roifile import ROI_TYPE, ImagejRoi

    rings = [ring for polygon in outline.polygons for ring in (polygon.outer, *polygon.holes)]
    corners = np.concatenate(rings)
    (left, top), (right, bottom) = corners.min(0).tolist(), corners.max(0).tolist()
    roi = ImagejRoi(
        roitype=ROI_TYPE.TRACED if len(rings) == 1 else ROI_TYPE.RECT,
        name=str(outline.number), position=position, left=left, top=top, right=right, bottom=bottom,
    )  # fmt: skip
    if len(rings) == 1:
        roi.n_coordinates = len(corners)
        roi.integer_coordinates = corners - (left, top)
    else:
        roi.multi_coordinates = np.concatenate([_path(ring) for ring in rings])
        roi.shape_roi_size = len(roi.multi_coordinates)
    return roi


def _path(ring: Ring) -> npt.NDArray[np.float32]:
    """A ring as drawn by a pen: `(3 N + 1,)`."""
    steps = np.column_stack([np.full(len(ring), _LINE), ring])
    steps[0, 0] = _MOVE
    return np.append(steps.ravel(), _CLOSE).astype(np.float32)
