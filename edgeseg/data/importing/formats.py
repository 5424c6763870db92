"""The formats that `edgeseg data import` reads. A new one is a module with `find`, and an entry here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from edgeseg.data.importing.places import Places

if TYPE_CHECKING:
    from edgeseg.data.importing.annotation import Found


class Find(Protocol):
    """Looks for what there is to import in a folder."""

    def __call__(self, root: Path, places: Places, /) -> Found:
        """Find it; `DatasetError` where the folder is not of the format."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One format.

    Attributes:
        name: as the command line has it.
        about: what lies where, in a line.
        takes: the options for folders and files that it heeds: `images`, `masks`, `annotations`.
        brings_splits: a `splits.csv` of the source folder is kept.
        find: of its module, which is loaded when it is called.
    """

    name: str
    about: str
    takes: tuple[str, ...] = ()
    brings_splits: bool = False
    find: Find


def _labels(root: Path, places: Places, /) -> Found:
    from edgeseg.data.importing.label_images import find

    return find(root, places)


def _paired(root: Path, places: Places, /) -> Found:
    from edgeseg.data.importing.paired import find

    return find(root, places)


def _dsb2018(root: Path, places: Places, /) -> Found:
    from edgeseg.data.importing.dsb2018 import find

    return find(root, places)


def _coco(root: Path, places: Places, /) -> Found:
    from edgeseg.data.importing.coco import find

    return find(root, places)


_ALL = (
    Format(
        name="labels",
        about="SRC/images and SRC/labels: 0 is background, every other value a cell",
        takes=("images", "masks"),
        find=_labels,
    ),
    Format(
        name="paired",
        about="SRC/images and SRC/masks of two values",
        takes=("images", "masks"),
        brings_splits=True,
        find=_paired,
    ),
    Format(
        name="dsb2018",
        about="SRC/ID/images/ID.png and one mask a nucleus in SRC/ID/masks/",
        find=_dsb2018,
    ),
    Format(
        name="coco",
        about="a COCO .json with polygons or run lengths, and the images (LIVECell)",
        takes=("images", "annotations"),
        find=_coco,
    ),
)

#: Each format by its name.
FORMATS: Mapping[str, Format] = MappingProxyType({each.name: each for each in _ALL})
