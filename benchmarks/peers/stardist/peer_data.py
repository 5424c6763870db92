"""Reads a data set in edgeseg's layout without edgeseg: images/, labels/ and splits.csv, the same stems.

StarDist has an environment of its own, in which edgeseg is not installed. What is read here must be what
edgeseg reads: `tests/benchmarks/test_peer_data.py` compares the two.
"""

from __future__ import annotations

import csv
import hashlib
import importlib.metadata
import json
import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from skimage.io import imread

_SUFFIXES = (".png", ".tif", ".tiff", ".jpg", ".jpeg", ".bmp")


class InputError(Exception):
    """Bad input, in one sentence."""


@dataclass(frozen=True)
class PeerSample:
    """An image and its label image.

    Attributes:
        stem: the name of both files, without suffix.
        image_path: of the image.
        labels_path: of the label image.
    """

    stem: str
    image_path: Path
    labels_path: Path

    def read_image(self) -> npt.NDArray[Any]:
        """`(H, W)` grey, 8 or 16 bits as in the file; colour is weighted as ITU-R BT.601 does."""
        image: npt.NDArray[Any] = imread(self.image_path)
        if image.ndim == 3:
            image = np.rint(image[..., :3] @ np.array([0.299, 0.587, 0.114])).astype(image.dtype)
        if image.dtype not in (np.uint8, np.uint16):
            raise InputError(
                f"expected an image of 8 or 16 bits in {self.image_path}, but it is {image.dtype}"
            )
        return image

    def read_labels(self) -> npt.NDArray[np.int32]:
        """`(H, W)` int32, 0 is background, every other number one cell."""
        labels: npt.NDArray[Any] = imread(self.labels_path)
        if labels.ndim != 2 or labels.dtype.kind not in "ui":
            raise InputError(
                f"expected a label image of whole numbers with one channel in {self.labels_path}, but it is "
                f"{labels.dtype} {labels.shape}"
            )
        return labels.astype(np.int32)


def read_split(root: Path, split: str) -> list[PeerSample]:
    """The samples of one split, sorted by stem.

    Raises:
        InputError: no such split, or an image or a label image is missing.
    """
    path = root / "splits.csv"
    if not path.is_file():
        raise InputError(f"expected a splits.csv in {root}, but it is missing")
    with path.open(encoding="utf-8-sig", newline="") as lines:
        stems = sorted(row["stem"] for row in csv.DictReader(lines) if row["split"] == split)
    if not stems:
        raise InputError(f"expected images in the split '{split}' of {path}, but it has none")
    images, labels = (_by_stem(root / folder) for folder in ("images", "labels"))
    missing = [stem for stem in stems if stem not in images or stem not in labels]
    if missing:
        raise InputError(
            f"expected an image and a label image of {missing[0]} in images/ and labels/ of {root}, but one "
            f"is missing ({len(missing)} such); without label images nothing tells touching cells apart"
        )
    return [PeerSample(stem, images[stem], labels[stem]) for stem in stems]


def _by_stem(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise InputError(f"expected a folder {folder.name}/ in {folder.parent}, but it is missing")
    return {path.stem: path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES}


def digest(samples: list[PeerSample]) -> str:
    """SHA-256 over the stems and the bytes of all files."""
    whole = hashlib.sha256()
    for sample in samples:
        whole.update(sample.stem.encode())
        for path in (sample.image_path, sample.labels_path):
            whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def versions() -> dict[str, str]:
    """Of the packages that the figures depend on."""
    names = ("stardist", "csbdeep", "tensorflow", "keras", "numba", "numpy")
    return {name: importlib.metadata.version(name) for name in names}


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Beside its place, and renamed."""
    beside = path.with_name(f"{path.name}.new")
    beside.write_text(json.dumps(content, indent=1) + "\n")
    beside.replace(path)


def machine() -> dict[str, Any]:
    """What the machine is, and how busy: the cores that this process may use, and the load of a minute."""
    return {
        "processor": next(_processor(), platform.processor()),
        "cores": len(os.sched_getaffinity(0)),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load": os.getloadavg()[0],
    }


def _processor() -> Iterator[str]:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            yield line.partition(":")[2].strip()
