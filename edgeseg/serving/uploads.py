"""Images that people drop on the page: judged by their first bytes before anything is decoded."""

from __future__ import annotations

from collections.abc import AsyncIterator

from edgeseg.data.image_formats import image_size, one_of
from edgeseg.data.images import Grey8, decode_image, to_grey8
from edgeseg.errors import DatasetError

#: Bytes of an upload, at most.
MAX_BYTES = 32 * 2**20

#: Pixels of an upload, at most: 4096x4096 are some 650 tiles of 256x256.
MAX_PIXELS = 2**24


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
        raise DatasetError(f"expected a {one_of()} image, but {name} is none, whatever its name says")
    width, height = size
    if width * height > most:
        raise TooLargeError(
            f"expected an image of at most {most:,} pixels, but {name} has {width}x{height}; cut it into "
            "pieces, or use `edgeseg predict`"
        )
    return to_grey8(decode_image(data, name))
