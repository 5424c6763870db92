"""Reading and writing image files of the formats in `image_formats`; 8 or 16 bits; grey or colour.

Everything downstream works on 8-bit grey, the camera's own value. Deeper and coloured images are
brought there by `to_grey8`, which says what it did.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

from edgeseg import files
from edgeseg.data.image_formats import JPEG, PNG, TIFF, is_image, one_of
from edgeseg.errors import DatasetError

#: Percentiles that become 0 and 255 when a 16-bit image is brought to 8 bits.
DEPTH_PERCENTILES = (0.1, 99.9)

#: The largest number of a cell in a data set: label images have 16 bits.
MAX_LABEL = 2**16 - 1

#: An image with more pixels is refused before memory runs out (OpenCV's own limit is 2^30).
MAX_PIXELS = 2**29

#: A file of more bytes is decoded from the disk.
_LARGE_FILE = 2**25

_JPEG_END = b"\xff\xd9"

# A damaged file is reported once, by us. OpenCV 4 and 5 have different names for it.
if hasattr(cv2, "setLogLevel"):
    cv2.setLogLevel(0)
else:
    cv2.utils.logging.setLogLevel(0)

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
    return [path for path in entries if is_image(path)]


def read_image(path: Path) -> AnyImage:
    """Read an image file as it is: `(H, W)` grey or `(H, W, C)` BGR(A), uint8 or uint16.

    Of a file with several pages the first is read; `page_count` tells how many there are.

    Raises:
        DatasetError: the file is missing, empty, damaged, no image, too large, or of another depth.
    """
    return _of_usual_depth(_decode(path), path)


def decode_image(data: bytes, name: str) -> AnyImage:
    """As `read_image`, from the bytes of a file that is called `name`."""
    return _of_usual_depth(_decode_bytes(data, Path(name)), Path(name))


def _of_usual_depth(image: npt.NDArray[Any], path: Path) -> AnyImage:
    if image.dtype not in (np.uint8, np.uint16):
        raise DatasetError(f"expected 8 or 16 bits per channel in {path}, but it holds {image.dtype} values")
    return cast("AnyImage", image)


def _decode(path: Path) -> npt.NDArray[Any]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise DatasetError(f"expected an image at {path}, but there is no such file") from None
    except OSError as error:
        raise DatasetError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from error
    if len(data) <= _LARGE_FILE:
        return _decode_bytes(data, path)
    _refuse_damaged(path, data)
    del data  # OpenCV needs up to twice the image's memory while it decodes
    return _decoded(path, lambda: cv2.imread(str(path), cv2.IMREAD_UNCHANGED))


def _decode_bytes(data: bytes, path: Path) -> npt.NDArray[Any]:
    if not data:
        raise DatasetError(f"expected an image in {path}, but the file is empty (0 bytes)")
    _refuse_damaged(path, data)
    return _decoded(path, lambda: cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED))


def _decoded(path: Path, decode: Callable[[], npt.NDArray[Any] | None]) -> npt.NDArray[Any]:
    try:
        image = decode()
    except cv2.error as error:
        if "pixels" in str(error).lower():
            raise _too_large(path) from error
        raise DatasetError(f"cannot decode {path} as an image: {error.err}") from error
    if image is None:
        raise DatasetError(
            f"cannot decode {path}: it is truncated or not an image; expected a whole {one_of()}"
        )
    if image.shape[0] * image.shape[1] > MAX_PIXELS:
        raise _too_large(path)
    return image


def _refuse_damaged(path: Path, data: bytes) -> None:
    """Judge PNG and JPEG before decoding: clearer than their libraries, which print their complaints."""
    if data.startswith(PNG.signatures):
        damage = _png_damage(data)
        if damage:
            raise DatasetError(f"cannot decode {path}: the PNG file {damage}")
        width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
        if width * height > MAX_PIXELS:
            raise _too_large(path, f"{width}x{height}")
    elif data.startswith(JPEG.signatures) and _JPEG_END not in data:
        raise DatasetError(f"cannot decode {path}: the JPEG file is truncated ({len(data)} bytes)")


def _png_damage(data: bytes) -> str | None:
    """Walk over the chunks (length, type, data, CRC-32 of type and data) to the last one, IEND."""
    position = len(PNG.signatures[0])
    while position + 12 <= len(data):
        end = position + 12 + int.from_bytes(data[position : position + 4], "big")
        if end > len(data):
            break
        if zlib.crc32(memoryview(data)[position + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
            return f"is damaged (a checksum differs at byte {position})"
        if data[position + 4 : position + 8] == b"IEND":
            return None
        position = end
    return f"is truncated ({len(data)} bytes)"


def page_count(path: Path) -> int:
    """How many pages an image file holds: 1, or more in a TIFF stack."""
    return max(1, int(cv2.imcount(str(path)))) if path.suffix.lower() in TIFF.suffixes else 1


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
    grey = _to_grey(image)
    done = ("colour converted to grey",) if is_colour(image) else ()
    limits = depth_range(grey)
    if limits is None:
        return np.ascontiguousarray(grey, np.uint8), done
    low, high = limits
    # A table of all 65,536 values spares a float copy of the image.
    scaled = (np.arange(2**16) - low) * (255.0 / max(high - low, 1.0))
    table = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
    return table[grey], (*done, "16 bits mapped to 8 by percentiles")


def is_colour(image: npt.NDArray[np.generic]) -> bool:
    """Whether an image has more than one channel."""
    return image.ndim == 3 and image.shape[2] > 1


def _to_grey(image: AnyImage) -> AnyImage:
    if is_colour(image):
        colour = cast("AnyImage", np.ascontiguousarray(image[..., :3]))
        return cast("AnyImage", cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY))
    return image[..., 0] if image.ndim == 3 else image


def depth_range(image: AnyImage) -> tuple[float, float] | None:
    """The two grey values of a 16-bit image that `to_grey8` maps to 0 and 255; None for 8 bits."""
    if image.dtype != np.uint16:
        return None
    low, high = np.percentile(_to_grey(image), DEPTH_PERCENTILES)
    return float(low), float(high)


def content_digest(grey: Grey8) -> str:
    """SHA-256 of a picture's size and grey values, whatever kind of file it came from."""
    return hashlib.sha256(repr(grey.shape).encode() + grey.tobytes()).hexdigest()


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


def read_labels(path: Path) -> npt.NDArray[np.int64]:
    """Read a label image: `(H, W)` int64, 0 is background, every other value an object.

    Any depth that holds whole numbers is taken, 32 bits and float TIFF included. In a colour image
    (a palette too) every colour but black is a label; transparency is dropped.

    Raises:
        DatasetError: as in `read_image`, or a value is negative or not a whole number.
    """
    image = _decode(path)
    if is_colour(image):
        weights = np.array([1, 1 << 16, 1 << 32], np.int64)  # one number for each colour of 8 or 16 bits
        return cast("npt.NDArray[np.int64]", image[..., :3].astype(np.int64) @ weights)
    return _whole_numbers(image, path)


def _whole_numbers(image: npt.NDArray[Any], path: Path) -> npt.NDArray[np.int64]:
    with np.errstate(invalid="ignore"):  # a NaN is refused below
        labels: npt.NDArray[np.int64] = image.astype(np.int64)
    if image.ndim == 3:
        labels = labels[..., 0]
    if labels.min() < 0 or not np.array_equal(labels, image.reshape(labels.shape)):
        raise DatasetError(f"expected whole numbers from 0 as labels in {path}, but it holds others")
    return labels


def read_cell_labels(path: Path) -> npt.NDArray[np.int32]:
    """Read the label image of a data set: `(H, W)` int32, 0 is background, 1 to 65,535 one cell each.

    Raises:
        DatasetError: as in `read_labels`, or the image is in colour, or a number needs more than 16 bits.
    """
    image = _decode(path)
    if is_colour(image):
        raise DatasetError(
            f"expected a label image with one channel in {path}, but it has {image.shape[2]}; "
            "`edgeseg data import --format labels` takes colours for cells"
        )
    labels = _whole_numbers(image, path)
    if labels.max() > MAX_LABEL:
        raise DatasetError(
            f"expected numbers of cells up to {MAX_LABEL:,} in {path}, but the largest is {labels.max():,}; "
            "`edgeseg data import --format labels` numbers them anew"
        )
    return labels.astype(np.int32)


def write_png(path: Path, image: AnyImage) -> None:
    """Write `(H, W)` grey or `(H, W, 3)` BGR as PNG, atomically.

    Args:
        path: the file.
        image: uint8 or uint16.

    Raises:
        OutputError: the file cannot be written.
    """
    _, data = cv2.imencode(".png", image)
    files.write_bytes(path, data.data)
