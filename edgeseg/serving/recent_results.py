"""Results that people asked for, snapshots and uploads: kept until newer ones need the room."""

from __future__ import annotations

import threading
from collections import OrderedDict

from edgeseg.serving.segmented import Segmented

#: Bytes of pictures and masks that are kept, but always the newest result.
MAX_KEPT_BYTES = 128 * 2**20

#: Results that are kept.
MAX_KEPT = 16


class RecentResults:
    """The last results, by name: `snapshot-1`, `upload-2`."""

    def __init__(self) -> None:
        """Begin empty."""
        self._results: OrderedDict[str, Segmented] = OrderedDict()
        self._lock, self._number = threading.Lock(), 0

    def add(self, kind: str, result: Segmented) -> str:
        """Keep a result, forget the oldest where there are too many, and give the name of this one."""
        with self._lock:
            self._number += 1
            name = f"{kind}-{self._number}"
            self._results[name] = result
            while len(self._results) > 1 and self._too_many():
                self._results.popitem(last=False)
        return name

    def _too_many(self) -> bool:
        room = sum(each.nbytes for each in self._results.values())
        return len(self._results) > MAX_KEPT or room > MAX_KEPT_BYTES

    def get(self, name: str) -> Segmented | None:
        """A result; None if there is none of that name, or no longer."""
        with self._lock:
            return self._results.get(name)
