"""The formats of image files that are read: one list for names, sentences, and what first bytes tell.

`images` decodes them. Here no OpenCV is loaded: a folder can be listed and an upload judged without it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Size = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFormat:
    """One format.

    Attributes:
        name: for people.
        suffixes: of its files, in lower case.
        signatures: the bytes that its files begin with, one of them.
        size: width and height as a file's header states them, pixels; None where it does not, or an
            `struct.error` where the file ends before.
    """

    name: str
    suffixes: tuple[str, ...]
    signatures: tuple[bytes, ...]
    size: Callable[[bytes], Size | None]


def _png_size(data: bytes) -> Size | None:
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _bmp_size(data: bytes) -> Size | None:
    width, height = struct.unpack_from("<ii", data, 18)
    return abs(width), abs(height)


def _tiff_size(data: bytes) -> Size | None:
    """From the first directory: tags 256 and 257, each a 16- or 32-bit number (TIFF 6.0, section 2)."""
    order = "<" if data.startswith(b"II") else ">"
    (start,) = struct.unpack_from(f"{order}I", data, 4)
    (entries,) = struct.unpack_from(f"{order}H", data, start)
    found = {}
    for index in range(entries):
        place = start + 2 + 12 * index
        tag, kind = struct.unpack_from(f"{order}HH", data, place)
        if tag in (256, 257) and kind in (3, 4):
            (found[tag],) = struct.unpack_from(f"{order}{'H' if kind == 3 else 'I'}", data, place + 8)
    return (found[256], found[257]) if len(found) == 2 else None


def _jpeg_size(data: bytes) -> Size | None:
    """From the frame header, a segment SOF0 to SOF15 but DHT, JPG and DAC (ITU-T T.81, B.1.1)."""
    place = 2
    while place + 2 <= len(data):
        marker, length = struct.unpack_from(">HH", data, place)
        if marker & 0xFF00 != 0xFF00:
            return None
        if marker == 0xFFFF:  # a fill byte
            place += 1
            continue
        if 0xFFC0 <= marker <= 0xFFCF and marker not in (0xFFC4, 0xFFC8, 0xFFCC):
            height, width = struct.unpack_from(">HH", data, place + 5)
            return width, height
        place += 2 + length
    return None


PNG = ImageFormat(name="PNG", suffixes=(".png",), signatures=(b"\x89PNG\r\n\x1a\n",), size=_png_size)
TIFF = ImageFormat(name="TIFF", suffixes=(".tif", ".tiff"), signatures=(b"II*\0", b"MM\0*"), size=_tiff_size)
JPEG = ImageFormat(name="JPEG", suffixes=(".jpg", ".jpeg"), signatures=(b"\xff\xd8\xff",), size=_jpeg_size)
BMP = ImageFormat(name="BMP", suffixes=(".bmp",), signatures=(b"BM",), size=_bmp_size)

#: In the order in which people are told of them.
FORMATS = (PNG, TIFF, JPEG, BMP)

#: Of all formats, in lower case.
SUFFIXES = tuple(suffix for each in FORMATS for suffix in each.suffixes)


def listed() -> str:
    """`PNG, TIFF, JPEG, BMP`."""
    return ", ".join(each.name for each in FORMATS)


def one_of() -> str:
    """`PNG, TIFF, JPEG or BMP`."""
    *others, last = (each.name for each in FORMATS)
    return f"{', '.join(others)} or {last}"


def is_image(path: Path) -> bool:
    """Whether a file is taken for an image, by its name; hidden files are not."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def image_size(data: bytes) -> Size | None:
    """Width and height as an image file's header states them; None if it is none that is read."""
    for each in FORMATS:
        if data.startswith(each.signatures):
            try:
                return each.size(data)
            except struct.error:  # it ends within its header
                return None
    return None
