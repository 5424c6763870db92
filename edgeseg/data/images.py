"""Reading and writing image files: PNG, TIFF, JPEG and BMP; 8 or 16 bits; grey or colour.

Everything downstream works on 8-bit grey, the camera's own value. Deeper and coloured images are
brought there by `to_grey8`, which says what it did.
"""

from __future__ import annotations

from pathlib import Path
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from edgeseg import files
from edgeseg.errors import DatasetError

SUFFIXES = (".png", ".tif", ".tiff", ".jpg", ".jpeg", ".bmp")

#: Percentiles that become 0 and 255 when a 16-bit image is brought to 8 bits.
DEPTH_PERCENTILES = (0.1, 99.9)

#: An image with more pixels is refused before memory runs out (OpenCV's own limit is 2^30).
MAX_PIXELS = 2**29

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_END = b"IEND\xaeB`\x82"

cv2.utils.logging.setLogLevel(0)  # a damaged file is reported once, by us

Grey8 = npt.NDArray[np.uint8]
AnyImage = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]


def list_images(folder: Path) -> list[Path]:
    """All image files directly in `folder`, sorted by name; hidden files are left out.

    Raises:
        DatasetError: there is no such folder, or it cannot be read.
    """
    try:
        entries = sorted(folder.iterdir())
    except FileNotFoundError:
        raise DatasetError(f"expected a folder of images at {folder}, but there is none") from None
    except OSError as error:
        raise DatasetError(f"cannot read the folder {folder}: {(error.strerror or '').lower()}") from error
    return [path for path in entries if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")]


def read_image(path: Path) -> AnyImage:
    """Read an image file as it is: `(H, W)` grey or `(H, W, C)` BGR(A), uint8 or uint16.

    Raises:
        DatasetError: the file is missing, empty, truncated, no image, too large, or of another depth.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise DatasetError(f"expected an image at {path}, but there is no such file") from None
    except OSError as error:
        raise DatasetError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from error
    if not data:
        raise DatasetError(f"expected an image in {path}, but the file is empty (0 bytes)")
    _refuse_bad_png(path, data)
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        if "pixels" in str(error).lower():
            raise _too_large(path) from error
        raise DatasetError(f"cannot decode {path} as an image: {error.err}") from error
    if image is None:
        raise DatasetError(
            f"cannot decode {path}: it is truncated or not an image; expected a whole PNG, TIFF, JPEG or BMP"
        )
    if image.shape[0] * image.shape[1] > MAX_PIXELS:
        raise _too_large(path)
    if image.dtype not in (np.uint8, np.uint16):
        raise DatasetError(f"expected 8 or 16 bits per channel in {path}, but it holds {image.dtype} values")
    return cast(AnyImage, image)


def _refuse_bad_png(path: Path, data: bytes) -> None:
    """Judge a PNG by its header and trailer: cheaper, and clearer, than libpng's own complaint."""
    if not data.startswith(_PNG_SIGNATURE):
        return
    if len(data) >= 24:
        width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
        if width * height > MAX_PIXELS:
            raise _too_large(path, f"{width}x{height}")
    if _PNG_END not in data[-64:]:
        raise DatasetError(f"cannot decode {path}: the PNG file is truncated ({len(data)} bytes)")


def _too_large(path: Path, size: str = "more") -> DatasetError:
    return DatasetError(
        f"expected an image of at most {MAX_PIXELS:,} pixels in {path}, but it has {size}; cut it into pieces"
    )


def to_grey8(image: AnyImage) -> tuple[Grey8, tuple[str, ...]]:
    """Bring an image to 8-bit grey.

    Colour is weighted as ITU-R BT.601 does (0.299 R + 0.587 G + 0.114 B); an alpha channel is dropped.
    16 bits are mapped linearly, the percentiles `DEPTH_PERCENTILES` of this image going to 0 and 255.

    Args:
        image: `(H, W)` or `(H, W, C)`, C in 1, 3, 4; uint8 or uint16.

    Returns:
        The image, `(H, W)` uint8, and what was done to it (`"colour converted to grey"`); an empty
        tuple where nothing was.
    """
    done: list[str] = []
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[..., 0]
    elif image.ndim == 3:
        colour = cast(AnyImage, np.ascontiguousarray(image[..., :3]))
        image = cast(AnyImage, cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY))
        done.append("colour converted to grey")
    if image.dtype == np.uint16:
        low, high = np.percentile(image, DEPTH_PERCENTILES)
        scaled = (image.astype(np.float32) - low) * (255.0 / max(high - low, 1.0))
        image = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
        done.append("16 bits mapped to 8 by percentiles")
    return np.ascontiguousarray(image, np.uint8), tuple(done)


def read_grey8(path: Path) -> Grey8:
    """Read an image file as `(H, W)` uint8 grey; errors as in `read_image`."""
    return to_grey8(read_image(path))[0]


def read_mask(path: Path) -> npt.NDArray[np.bool_]:
    """Read a mask file: `(H, W)` bool, true where the file is not zero.

    Raises:
        DatasetError: as in `read_image`, or the mask is in colour.
    """
    image = read_image(path)
    if image.ndim != 2:
        raise DatasetError(f"expected a mask with one channel in {path}, but it has {image.shape[2]}")
    mask: npt.NDArray[np.bool_] = image != 0
    return mask


def write_png(path: Path, image: AnyImage) -> None:
    """Write `(H, W)` grey or `(H, W, 3)` BGR as PNG, atomically.

    Args:
        path: the file.
        image: uint8 or uint16.

    Raises:
        OutputError: the file cannot be written.
    """
    # Level 1 is OpenCV's own choice: a mask compresses well at any level, and time counts on a Pi.
    _, data = cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    files.write_bytes(path, data.data)
