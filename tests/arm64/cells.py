"""Which cells are grouped here of maps that are the same everywhere: a digest of the labels by scale."""

import hashlib
import json
import platform
import sys

import numpy as np

from edgeseg.labels import grouping
from edgeseg.labels.grouping import Grouping
from edgeseg.model.interface import (
    INT8_MAP,
    Centres,
    Decoder,
    DecoderKind,
    MapTensor,
    Meaning,
    float_interface,
)

SHAPE = (333, 410)
MEANINGS = (Meaning.FOREGROUND, Meaning.CENTRE, Meaning.OFFSET_Y, Meaning.OFFSET_X)


def interface_of(bump, *, int8):
    stored = {"dtype": "int8", "quantization": INT8_MAP} if int8 else {}
    maps = tuple(
        MapTensor(name=each.value, meaning=each, channel=number, **stored)
        for number, each in enumerate(MEANINGS)
    )
    centres = Centres(bump=bump, reach=round(3 * bump), speck=round(4 * bump))
    decoder = Decoder(kind=DecoderKind.CENTRES, centres=centres)
    return float_interface(*SHAPE, maps=maps, decoder=decoder)


def structure(rng, length):
    """An int8 map whose structures have some pixels, in whole numbers all the way."""
    values = rng.integers(-1000, 1000, (SHAPE[0] + 2 * (length // 2), SHAPE[1] + 2 * (length // 2)))
    for axis in (0, 1, 0, 1):
        sums = np.cumsum(values, axis=axis)
        ends = np.arange(length // 2, sums.shape[axis])
        values = np.take(sums, ends, axis) - np.take(sums, ends - length // 2, axis)
    return np.clip(values * 128 // (250 * length), -128, 127).astype(np.int8)


def digests():
    """Scale and kind of the maps -> SHA-256 of the labels, and how many cells there are."""
    found = {}
    for number, bump in enumerate((0.7, 1.5, 3, 6, 12)):
        rng = np.random.default_rng(number)
        maps = tuple(structure(rng, max(2, round(2 * bump))) for _ in MEANINGS)
        real = tuple((each.astype(np.float32) + 128) / 256 for each in maps)
        for kind, given in (("int8", maps), ("float32", real)):
            labels = Grouping(interface_of(bump, int8=kind == "int8"))(given)
            found[f"{kind} {bump}"] = [hashlib.sha256(labels.tobytes()).hexdigest(), int(labels.max())]
    return found


def in_bands():
    """The same from bands of rows."""
    grouping._WHOLE = 2**15
    return digests()


if __name__ == "__main__":
    answer = {"machine": platform.machine(), "whole": digests(), "bands": in_bands()}
    sys.stdout.write(json.dumps(answer))
