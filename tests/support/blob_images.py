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


def drawn_blobs(height, width, seed=0):
    """Bright ellipses on noisy grey, as the networks of tests/models learnt from; the mask is 0 or 255."""
    rng = np.random.default_rng(seed)
    grey, mask = np.full((height, width), 110.0, np.float32), np.zeros((height, width), np.uint8)
    for _ in range(height * width // 1600):
        centre = (int(rng.integers(width)), int(rng.integers(height)))
        axes = (int(rng.integers(4, 13)), int(rng.integers(4, 13)))
        one = np.zeros_like(mask)
        cv2.ellipse(one, centre, axes, float(rng.uniform(0, 180)), 0, 360, 255, -1)
        grey[(one > 0) & (mask == 0)] += rng.uniform(40, 70)
        mask |= one
    return np.clip(grey + rng.normal(0, 8, grey.shape), 0, 255).astype(np.uint8), mask


def write_blobs(root, *, count=30, size=64, seed=0):
    rng = np.random.default_rng(seed)
    for index in range(count):
        image, mask = blob_image(rng, size)
        write_png(root / "images" / f"blob_{index:02}.png", image)
        write_png(root / "masks" / f"blob_{index:02}.png", mask * 255)
    return open_dataset(root)


def encoded(suffix, height, width, *, depth=np.uint8, colour=False, options=()):
    """An image of noise as the bytes of a file."""
    shape = (height, width, 3) if colour else (height, width)
    image = np.random.default_rng(0).integers(0, 256, shape).astype(depth)
    return cv2.imencode(suffix, image, options)[1].tobytes()


def touching_pairs(rng, size, *, pairs=1):
    """Pairs of bright discs that touch, on noisy grey, and their labels (16 bits)."""
    labels = np.zeros((size, size), np.uint16)
    for pair in range(pairs):
        radius, angle = int(rng.integers(6, 10)), rng.uniform(0, np.pi)
        middle = rng.integers(14, size - 14, 2)
        for side in (0, 1):
            away = (2 * side - 1) * radius * np.array([np.cos(angle), np.sin(angle)])
            x, y = np.rint(middle + away).astype(int).tolist()
            disc = cv2.circle(np.zeros((size, size), np.uint8), (x, y), radius, 1, -1)
            labels[(disc > 0) & (labels == 0)] = 2 * pair + side + 1
    image = np.where(labels, rng.uniform(150, 190), 100) + rng.normal(0, 8, labels.shape)
    return np.clip(image, 0, 255).astype(np.uint8), labels


def write_touching(root, *, count=24, size=64, pairs=1, seed=0):
    """A data set of such images with labels."""
    rng = np.random.default_rng(seed)
    for index in range(count):
        image, labels = touching_pairs(rng, size, pairs=pairs)
        write_png(root / "images" / f"pair_{index:02}.png", image)
        write_png(root / "labels" / f"pair_{index:02}.png", labels)
    return open_dataset(root)
