"""Labels as a TIFF file that Fiji, QuPath and napari read, with the size of a pixel."""

from __future__ import annotations

import io
import zlib

import numpy as np

from edgeseg.labels.label_rows import LabelRows, bands

#: A strip has about so many pixels.
_STRIP_PIXELS = 2**17

_MICROMETRES_PER_CM = 10_000


def encode_labels(labels: LabelRows, cells: int, pixel_size: float | None) -> bytes:
    """A TIFF file of one page, strip by strip, so that memory is needed for the file and one strip.

    Args:
        labels: `(H, W)`.
        cells: the greatest number in them: up to 65,535 they are stored in 16 bits, else in 32.
        pixel_size: micrometres a pixel; stored as pixels per centimetre, as TIFF has it. ImageJ makes
            micrometres of that where its own description names them as the unit.
    """
    import tifffile  # not needed before there is something to write

    height, width = labels.shape
    kind = np.dtype("<u2" if cells <= np.iinfo(np.uint16).max else "<u4")
    rows = min(height, max(1, _STRIP_PIXELS // width))
    per_cm = None if pixel_size is None else _MICROMETRES_PER_CM / pixel_size
    file = io.BytesIO()
    tifffile.imwrite(
        file,
        (zlib.compress(strip.astype(kind).tobytes(), 1) for _, strip in bands(labels, rows)),
        shape=labels.shape,
        dtype=kind,
        byteorder="<",
        photometric="minisblack",
        compression="zlib",
        rowsperstrip=rows,
        description="ImageJ=1.53\n" + ("" if pixel_size is None else "unit=um\n"),
        metadata=None,
        resolution=None if per_cm is None else (per_cm, per_cm),
        resolutionunit=None if per_cm is None else "CENTIMETER",
    )
    return file.getvalue()
