"""Bytes of a model file, as it is and compressed."""

from __future__ import annotations

import gzip
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeResult:
    """How large a file is.

    Attributes:
        raw_bytes: of the .tflite content.
        gzip_bytes: after `gzip -9`: what a download or an over-the-air update costs. Pruning shows
            here and not in the raw bytes, since zeros are stored like any other number. The figure is
            zlib's; another deflate library (zlib-ng) may differ by a percent.
        xz_bytes: of the file itself, where it is a compressed container.
    """

    raw_bytes: int
    gzip_bytes: int
    xz_bytes: int | None = None

    @property
    def file_bytes(self) -> int:
        """Of the file as it lies on the disk."""
        return self.raw_bytes if self.xz_bytes is None else self.xz_bytes


def measure_size(data: bytes, *, xz_bytes: int | None = None) -> SizeResult:
    """The size of a model with this content; the same on every run (no time stamp in the gzip header).

    Args:
        data: the .tflite content.
        xz_bytes: size of the container that it came in (`Artifact.packed_bytes`).
    """
    compressed = gzip.compress(data, compresslevel=9, mtime=0)
    return SizeResult(raw_bytes=len(data), gzip_bytes=len(compressed), xz_bytes=xz_bytes)
