"""Pictures, stacks and videos for tests of predicting, and the command in a process of its own."""

import csv
import subprocess
import sys

import cv2
import numpy as np

from support.paths import MODELS

MODEL = MODELS / "blobs_int8.tflite"


def cell_at(x, y, *, seed=0):
    """One cell in 64x64 pixels."""
    grey = np.full((64, 64), 110, np.uint8)
    cv2.circle(grey, (x, y), 8, 165, -1)
    return cv2.add(grey, np.random.default_rng(seed).integers(0, 9, grey.shape, np.uint8))


def write_image(path, image=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), cell_at(30, 20) if image is None else image)
    return path


def write_stack(path, pages):
    assert cv2.imwritemulti(str(path), list(pages))
    return path


def write_video(path, frames, *, rate=10):
    """Motion JPEG, each frame a picture of its own."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), rate, (64, 64))
    assert writer.isOpened()
    for frame in frames:
        writer.write(cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR))
    writer.release()
    return path


def moving_cell(count):
    return [cell_at(12 + 4 * index, 20, seed=index) for index in range(count)]


def start_predict(*arguments, **options):
    command = [sys.executable, "-m", "edgeseg", "predict", str(MODEL), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def read_table(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))
