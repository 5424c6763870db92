"""Dividing a data set into training, validation and test, whole source images at a time.

Tiles of one photograph look alike. Were they on both sides, the test would measure memory.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Mapping

SPLITS = ("train", "val", "test")

#: The paper's division: 654, 217 and 217 of 1088 images.
PAPER_COUNTS = {"train": 654, "val": 217, "test": 217}

_TILE = re.compile(r"^(?P<source>.+)_r\d+c\d+$")


def source_of(stem: str) -> str:
    """The source image that a file name tells: `set01_r0c2` is a tile of `set01`, else the stem itself."""
    match = _TILE.match(stem)
    return match["source"] if match else stem


def assign_splits(sources: Mapping[str, str], *, seed: int = 0) -> dict[str, str]:
    """Divide stems as the paper did (60.1 / 19.95 / 19.95 %), no source image in two splits.

    Source images are taken largest first, in an order that a hash of seed and name decides, each to
    the split that lacks most. With one file a source the counts are exact. From three source images
    on, no split stays empty.

    Args:
        sources: stem -> source image.
        seed: another seed, another division.

    Returns:
        stem -> `train`, `val` or `test`.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for stem, source in sources.items():
        groups[source].append(stem)

    def order(source: str) -> tuple[int, str]:
        return -len(groups[source]), hashlib.sha256(f"{seed}:{source}".encode()).hexdigest()

    total = sum(PAPER_COUNTS.values())
    missing = {split: round(len(sources) * PAPER_COUNTS[split] / total) for split in ("val", "test")}
    missing["train"] = len(sources) - sum(missing.values())
    result: dict[str, str] = {}
    empty = list(SPLITS)
    for done, source in enumerate(sorted(groups, key=order)):
        last_chance = len(groups) - done <= len(empty)
        split = max(empty if last_chance else SPLITS, key=missing.__getitem__)
        if split in empty:
            empty.remove(split)
        missing[split] -= len(groups[source])
        result.update(dict.fromkeys(groups[source], split))
    return result
