"""Label images as sources for `edgeseg data import`: 0 is background, every other number or colour a cell."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edgeseg.data.images import read_labels
from edgeseg.data.importing.annotation import Annotation, Found
from edgeseg.data.importing.partners import partners
from edgeseg.data.importing.places import Places

#: What annotation tools append to the stem of an image to name its labels (Cellpose: `_cp_masks`).
ENDINGS = ("", "_label", "_labels", "_mask", "_masks", "_cp_masks", "_instances")


def find(root: Path, places: Places) -> Found:
    """`ROOT/images`, and `ROOT/labels` or `ROOT/masks` with label images of any depth.

    Raises:
        DatasetError: a folder is missing or empty, or an image has no label image, or two.
    """
    labels = places.masks or (root / "labels" if (root / "labels").is_dir() else root / "masks")
    return Found(sources=partners(places.images or root / "images", labels, ENDINGS, _read))


def _read(path: Path) -> Annotation:
    labels = read_labels(path)
    return Annotation(labels=labels, tells_cells=True, objects=int(np.count_nonzero(np.unique(labels))))
