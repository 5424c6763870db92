"""The compressed container of a model file: `NAME.tflite.xz`, a plain .xz file that any `xz -d` unpacks.

A pruned .tflite is as large as before: its zeros are stored like any other number, and only compression
turns them into fewer bytes. Of gzip, xz and zstd, xz is the smallest by far, Python reads it without a
further package, and its checksum finds a flipped byte even without a sidecar; `docs/pruning.md` and
`benchmarks/container_formats.py` have the figures.

Files from elsewhere are unpacked within bounds: a few kilobytes can stand for gigabytes.
"""

from __future__ import annotations

from types import ModuleType

from edgeseg.errors import ArtifactError, MissingDependencyError

SUFFIX = ".xz"
_MAGIC = b"\xfd7zXZ\x00"

#: No model is unpacked beyond this many bytes, nor beyond what its sidecar states.
MOST_BYTES = 512 * 2**20

#: For the unpacker's window; `xz -9`, the greediest setting of the common tools, needs 65 MiB.
_MEMORY = 100 * 2**20
_LARGEST_WINDOW = 64 * 2**20

#: Literal context, literal position and position bits: for values of four bytes, and for two kinds of
#: values of one byte, few different ones and many.
_LAYOUTS = ({"lc": 1, "lp": 2, "pb": 2}, {"lc": 0, "lp": 0, "pb": 0}, {"lc": 2, "lp": 0, "pb": 0})


def pack(data: bytes) -> bytes:
    """Compress a model file.

    The window is no larger than the file, so that unpacking takes no more memory than the content does.

    Args:
        data: any bytes.

    Returns:
        An .xz file with a CRC-64.

    Raises:
        MissingDependencyError: this Python was built without lzma.
    """
    lzma = _lzma()
    window = min(max(1 << (len(data) - 1).bit_length(), 4096), _LARGEST_WINDOW) if data else 4096
    # Runs of zeros are best met by the quickest search: a deep one takes longer and finds less.
    search = {"mode": lzma.MODE_NORMAL, "mf": lzma.MF_BT2, "depth": 2, "nice_len": 273, "dict_size": window}
    filters = ([{"id": lzma.FILTER_LZMA2, **search, **layout}] for layout in _LAYOUTS)
    packed = (bytes(lzma.compress(data, check=lzma.CHECK_CRC64, filters=each)) for each in filters)
    return min(packed, key=len)


def unpack(packed: bytes, *, name: str, expected: int | None = None) -> bytes:
    """Decompress a model file.

    Args:
        packed: an .xz file.
        name: what to call it in sentences.
        expected: how many bytes it must hold; None where that is not known.

    Raises:
        ArtifactError: no .xz file, damaged, cut off, followed by something else, or larger than `expected`
            or `MOST_BYTES`.
        MissingDependencyError: this Python was built without lzma.
    """
    lzma = _lzma()
    if not packed.startswith(_MAGIC):
        raise ArtifactError(f"expected an .xz container in {name}, but it is none; export or copy it again")
    limit = MOST_BYTES if expected is None else min(expected, MOST_BYTES)
    decompressor = lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=_MEMORY)
    try:
        data: bytes = decompressor.decompress(packed, max_length=limit + 1)
        if len(data) <= limit and not decompressor.eof:
            # What follows the content, its checksum among it, is read only when more is asked for.
            data += decompressor.decompress(b"", max_length=1)
    except lzma.LZMAError as error:
        raise ArtifactError(
            f"{name} cannot be unpacked ({str(error).lower()}): it is damaged, or not from edgeseg; "
            "export or copy it again"
        ) from error
    if len(data) > limit:
        stated = "its sidecar states" if limit == expected else "a model may have"
        raise ArtifactError(
            f"{name} unpacks to more than the {limit:,} bytes that {stated}, so it was not unpacked further; "
            "it is no model that edgeseg exported"
        )
    if not decompressor.eof:
        raise ArtifactError(f"{name} was cut off: it ends in the middle; export or copy it again")
    if decompressor.unused_data:
        raise ArtifactError(
            f"{name} goes on for {len(decompressor.unused_data):,} bytes after its end; export it again"
        )
    return data


def _lzma() -> ModuleType:
    try:
        import lzma
    except ImportError as problem:
        raise MissingDependencyError(
            "this Python was built without lzma, which .xz files need; use your system's Python, or unpack "
            f"the file with `xz -dk` ({problem})"
        ) from problem
    return lzma
