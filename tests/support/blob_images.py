"""Small data sets for tests: bright ellipses on a noisy ground, made in a moment."""

import cv2
import numpy as np

from edgeseg.data.dataset import open_dataset
from edgeseg.data.images import write_png


def blob_image(rng, size):
    image, mask = rng.normal(110, 8, (size, size)), np.zeros((size, size), np.uint8)
    for _ in range(int(rng.integers(1, 4))):
        centre = tuple(int(v) for v in rng.integers(0, size, 2))
        axes = tuple(int(v) for v in rng.integers(4, 12, 2))
        cv2.ellipse(mask, centre, axes, int(rng.integers(180)), 0, 360, 1, -1)
    return np.clip(image + 60 * mask, 0, 255).astype(np.uint8), mask


def write_blobs(root, *, count=30, size=64, seed=0):
    rng = np.random.default_rng(seed)
    for index in range(count):
        image, mask = blob_image(rng, size)
        write_png(root / "images" / f"blob_{index:02}.png", image)
        write_png(root / "masks" / f"blob_{index:02}.png", mask * 255)
    return open_dataset(root)
