"""Images that people drop on the page: judged by their first bytes before anything is decoded."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator

from edgeseg.data.images import Grey8, decode_image, to_grey8
from edgeseg.errors import DatasetError

#: Bytes of an upload, at most.
MAX_BYTES = 32 * 2**20

#: Pixels of an upload, at most: 4096x4096 are some 650 tiles of 256x256.
MAX_PIXELS = 2**24

_KINDS = "a PNG, TIFF, JPEG or BMP image"


class TooLargeError(DatasetError):
    """An upload has too many bytes or pixels."""


async def read_limited(chunks: AsyncIterator[bytes], stated: str | None, *, most: int = MAX_BYTES) -> bytes:
    """Collect a request's body; stop as soon as it is too long.

    Args:
        chunks: of the body.
        stated: the header `Content-Length`; it may lie.
        most: bytes.

    Raises:
        TooLargeError: it has more than `most` bytes, or says so.
    """
    data = bytearray()
    if stated is None or not stated.isdecimal() or int(stated) <= most:
        async for chunk in chunks:
            data += chunk
            if len(data) > most:
                break
        else:
            return bytes(data)
    raise TooLargeError(f"expected an image of at most {most // 2**20} MiB; make it smaller, or cut it")


def decode_upload(data: bytes, name: str, *, most: int = MAX_PIXELS) -> tuple[Grey8, tuple[str, ...]]:
    """Decode an upload, whatever its name says.

    Args:
        data: the file's content.
        name: what to call it.
        most: pixels.

    Returns:
        `(H, W)` uint8 grey, and what was done to bring it there.

    Raises:
        TooLargeError: it has more than `most` pixels; it is not decoded.
        DatasetError: it is no image of a kind that is taken, or damaged.
    """
    size = image_size(data)
    if size is None:
        raise DatasetError(f"expected {_KINDS}, but {name} is none, whatever its name says")
    width, height = size
    if width * height > most:
        raise TooLargeError(
            f"expected an image of at most {most:,} pixels, but {name} has {width}x{height}; cut it into "
            "pieces, or use `edgeseg predict`"
        )
    return to_grey8(decode_image(data, name))


def image_size(data: bytes) -> tuple[int, int] | None:
    """Width and height as an image file's header states them; None if it is none that is taken."""
    try:
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            return struct.unpack_from(">II", data, 16)
        if data.startswith(b"BM"):
            width, height = struct.unpack_from("<ii", data, 18)
            return abs(width), abs(height)
        if data.startswith((b"II*\0", b"MM\0*")):
            return _tiff_size(data, "<" if data.startswith(b"II") else ">")
        if data.startswith(b"\xff\xd8\xff"):
            return _jpeg_size(data)
    except struct.error:  # it ends within its header
        pass
    return None


def _tiff_size(data: bytes, order: str) -> tuple[int, int] | None:
    """From the first directory: tags 256 and 257, each a 16- or 32-bit number (TIFF 6.0, section 2)."""
    (start,) = struct.unpack_from(f"{order}I", data, 4)
    (entries,) = struct.unpack_from(f"{order}H", data, start)
    found = {}
    for index in range(entries):
        place = start + 2 + 12 * index
        tag, kind = struct.unpack_from(f"{order}HH", data, place)
        if tag in (256, 257) and kind in (3, 4):
            (found[tag],) = struct.unpack_from(f"{order}{'H' if kind == 3 else 'I'}", data, place + 8)
    return (found[256], found[257]) if len(found) == 2 else None


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
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
