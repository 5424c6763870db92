"""Results with what a report shows: masks, the Keras model, files that find less."""

import base64
from dataclasses import replace

import cv2
import numpy as np

from edgeseg.bench.host import HostRun
from edgeseg.bench.quality import ImageCounts, QualityResult
from edgeseg.bench.result import Panel
from edgeseg.metrics.cells import CellCounts
from edgeseg.metrics.pixels import ConfusionCounts
from support.bench_results import make_measurement, make_model, make_result, make_run


def png(pixels):
    _, data = cv2.imencode(".png", pixels)
    return base64.b64encode(data.tobytes()).decode()


def square(top, left, size=8):
    mask = np.zeros((32, 32), np.uint8)
    mask[top : top + size, left : left + size] = 255
    return mask


def make_panel(*names):
    """The true cell is 8x8; each mask lies two pixels below it: 16 pixels too many and 16 missed."""
    grey = np.arange(32 * 32, dtype=np.uint32).reshape(32, 32).astype(np.uint8)
    masks = {name: png(square(10, 8)) for name in names}
    return Panel(stem="a", why="Dice 0.75", image=png(grey), truth=png(square(8, 8)), masks=masks)


def quality_of(*found, sources=None):
    """Images of 100 pixels with 10 true ones; of each so many are found, and no others."""
    images = (
        ImageCounts(
            f"image{n}", f"image{n}", ConfusionCounts(tp, 0, 10 - tp, 90), CellCounts(2, 2, 1), 10 - tp
        )
        for n, tp in enumerate(found)
    )
    images = tuple(images)
    if sources:
        images = tuple(replace(each, source=source) for each, source in zip(images, sources, strict=True))
    return QualityResult(images)


def make_rich():
    """Four files in two settings, one of them poor and one crashed, with masks and the Keras model."""
    good, same, poor = quality_of(8, 9, 9, 10), quality_of(8, 9, 9, 10), quality_of(2, 3, 4, 3)

    def rows(quality, *milliseconds):
        return (
            make_measurement(make_run(*milliseconds), make_run(*milliseconds), quality=quality),
            make_measurement(make_run(*(each / 2 for each in milliseconds)), threads=2),
        )

    made = make_result()
    models = (
        make_model("float32.tflite", "float32", 400_000, *rows(good, 20, 21, 22)),
        make_model("int8.tflite", "int8-ptq", 100_000, *rows(same, 10, 11, 12)),
        make_model("tiny.tflite", "slim", 10_000, *rows(poor, 5, 6, 7)),
        made.models[-1],
    )
    host = HostRun(
        name="run", framework="tensorflow 2.21.0", device="CPU", batch=8, precision="float32", xla=False,
        first_ns=10**9, steps_ns=(80_000_000, 90_000_000, 100_000_000),
    )  # fmt: skip
    panel = make_panel("float32.tflite", "int8.tflite", "tiny.tflite")
    return replace(made, models=models, panels=(panel,), host=(host,))
