"""How fast this machine runs a small int8 U-Net: a first impression in three seconds, no benchmark.

`smoke.tflite` takes 256x256 pixels and 101 million multiply-accumulates (made by
`benchmarks/smoke_model.py`).
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgeseg.doctor.finding import Finding
from edgeseg.machine.kernel_files import usable_cpus
from edgeseg.model.artifact import load_artifact
from edgeseg.model.segmenter import Segmenter
from edgeseg.text import counted

_MODEL = Path(__file__).with_name("smoke.tflite")

#: In all, of which the first quarter does not count: the clock rises. Seconds.
_DURATION = 3.0

#: More threads than this help no model of that size.
_MOST_THREADS = 4


def try_speed(duration: float = _DURATION) -> Finding:
    """Run the network for so many seconds, with one thread, then with all; errors as of `Segmenter`."""
    most = min(_MOST_THREADS, len(usable_cpus()))
    counts = sorted({1, most})
    told = [_tell(threads, _times_ms(threads, duration / len(counts))) for threads in counts]
    return Finding(topic="speed", state="ok", detail=f"a small int8 U-Net, 256x256: {'; '.join(told)}")


def _times_ms(threads: int, seconds: float) -> npt.NDArray[np.float64]:
    """Milliseconds of each inference; one at least."""
    segmenter = Segmenter(load_artifact(_MODEL), threads=threads)
    segmenter.load(np.zeros(segmenter.shape, np.uint8))
    segmenter.run()
    start = time.perf_counter()
    times: list[float] = []
    while not times or time.perf_counter() - start < seconds:
        before = time.perf_counter()
        segmenter.run()
        after = time.perf_counter()
        if after - start > seconds / 4:
            times.append(1000 * (after - before))
    return np.array(times)


def _tell(threads: int, times_ms: npt.NDArray[np.float64]) -> str:
    low, middle, high = np.percentile(times_ms, (10, 50, 90))
    name = counted(threads, "thread")
    return f"{name} {middle:.1f} ms (eight of ten from {low:.1f} to {high:.1f})"
