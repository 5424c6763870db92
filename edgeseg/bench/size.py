"""Bytes of a model file, as it is and compressed."""

from __future__ import annotations

import gzip
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeResult:
    """How large a file is.

    Attributes:
        raw_bytes: of the file.
        gzip_bytes: after `gzip -9`: what a download or an over-the-air update costs. Pruning shows
            here and not in the raw bytes, since zeros are stored like any other number. The figure is
            zlib's; another deflate library (zlib-ng) may differ by a percent.
    """

    raw_bytes: int
    gzip_bytes: int


def measure_size(data: bytes) -> SizeResult:
    """The size of a file with this content; the same on every run (no time stamp in the gzip header)."""
    return SizeResult(raw_bytes=len(data), gzip_bytes=len(gzip.compress(data, compresslevel=9, mtime=0)))
