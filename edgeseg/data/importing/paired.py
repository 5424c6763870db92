"""Images and masks of two values as sources for `edgeseg data import`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edgeseg.data.images import read_labels
from edgeseg.data.importing.annotation import Annotation, Found
from edgeseg.data.importing.partners import partners
from edgeseg.data.importing.places import Places
from edgeseg.errors import DatasetError


def find(root: Path, places: Places) -> Found:
    """`ROOT/images` and `ROOT/masks` of the same stems; masks in colour are taken if they have two values.

    Raises:
        DatasetError: a folder is missing or empty, or an image has no mask.
    """
    return Found(
        sources=partners(places.images or root / "images", places.masks or root / "masks", ("",), _read)
    )


def _read(path: Path) -> Annotation:
    labels = read_labels(path)
    values = np.unique(labels)
    if values.size > 2 or (values.size == 2 and values[0] != 0):
        raise DatasetError(
            f"expected a mask of two values, 0 and one other, in {path}, but it has {values.size} "
            f"from {values[0]} to {values[-1]}; for label images pass --format labels"
        )
    return Annotation(labels=labels, tells_cells=False, objects=None if values[-1] else 0)
