"""The time of one file over that of another, in this process: for a decision, not for a report."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from edgeseg.bench.latency import percentile, timing_tile
from edgeseg.model.artifact import Artifact
from edgeseg.model.recipe import INT8_MIXED, INT8_PTQ
from edgeseg.model.segmenter import Segmenter

#: Inferences of each file, at least, and seconds that both take together, at least.
_LAPS = 20
_SECONDS = 1.0


def time_ratio(first: bytes, second: bytes) -> float:
    """The median time of one inference of `first` over that of `second`, on one thread.

    Both take turns, so that a machine that slows down slows both alike.

    Args:
        first: a .tflite file.
        second: another of the same input size.
    """
    segmenters = [Segmenter(Artifact(path=Path("model"), data=each)) for each in (first, second)]
    tile = timing_tile(segmenters[0].interface.image_shape)
    for segmenter in segmenters:
        segmenter.invoke(tile)
    laps: tuple[list[int], list[int]] = ([], [])
    end = time.perf_counter() + _SECONDS
    while len(laps[0]) < _LAPS or time.perf_counter() < end:
        for segmenter, own in zip(segmenters, laps, strict=True):
            start = time.perf_counter_ns()
            segmenter.run()
            own.append(time.perf_counter_ns() - start)
    return percentile(laps[0], 50) / percentile(laps[1], 50)


def mixed_cost(made: Sequence[Artifact]) -> str | None:
    """What layers kept in float cost, in a sentence; None unless both int8 files are among `made`."""
    files = {artifact.variant: artifact.data for artifact in made}
    mixed, plain = files.get(INT8_MIXED.variant), files.get(INT8_PTQ.variant)
    if mixed is None or plain is None:
        return None
    more, ratio = len(mixed) - len(plain), time_ratio(mixed, plain)
    return (
        f"{INT8_MIXED.variant} against {INT8_PTQ.variant}: {more:+,} bytes ({more / len(plain):+.1%}), "
        f"{ratio:.2f} times its latency here (one thread)"
    )
