"""A builder of flatbuffers that stores what is equal once.

The format lets any number of tables refer to one vector or one table. The library's builder uses that for
the layouts of tables alone. In a network much is equal: zero points, shapes, the settings of operators.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import flatbuffers
from flatbuffers import encode
from flatbuffers.number_types import SOffsetTFlags, UOffsetTFlags

#: The values of tensors begin at multiples of this, as the TFLite schema asks (`force_align`); the library's
#: generated code forgets it.
BUFFER_ALIGNMENT = 16

#: What a part is; a vector is its alignment.
_TABLE, _TEXT = -1, -2


class SharingBuilder(flatbuffers.Builder):  # type: ignore[misc]  # it ships no types
    """Writes a part, and where an equal one is there already, takes it back and refers to that one.

    Two parts are equal if they have the same bytes and refer to the same parts. Places are counted from the
    end of the file, where writing begins, so a place never changes.
    """

    def __init__(self) -> None:
        """Nothing is written yet."""
        super().__init__(1024)
        self._written: dict[Hashable, int] = {}
        #: Where the current part begins to be written, padding included, and where its bytes end.
        self._before = self._end = 0
        self._kind = _TABLE
        #: Of the current part: the place of each reference, and the place that it refers to.
        self._references: list[tuple[int, int]] = []

    def StartVector(self, elemSize: int, numElems: int, alignment: int) -> Any:  # noqa: N802, N803  the library's
        """Begin a vector."""
        self._begin()
        alignment = BUFFER_ALIGNMENT if elemSize == 1 else alignment
        started = super().StartVector(elemSize, numElems, alignment)
        self._end, self._kind = self.Offset(), alignment
        return started

    def EndVector(self) -> int:  # noqa: N802
        """The place of the vector, or of an equal one."""
        return self._once(super().EndVector())

    def CreateString(self, s: str | bytes, *arguments: Any) -> int:  # noqa: N802
        """The place of a text, or of an equal one; the library ends it by `EndVector`."""
        self._begin()
        text = s.encode() if isinstance(s, str) else s
        self.Prep(UOffsetTFlags.bytewidth, len(text) + 1)
        self._end, self._kind = self.Offset(), _TEXT
        place: int = super().CreateString(text, *arguments)
        return place

    def StartObject(self, numfields: int) -> None:  # noqa: N802
        """Begin a table, where all tables of its kind have the same layout."""
        self._begin()
        self.Prep(UOffsetTFlags.bytewidth, 0)
        super().StartObject(numfields)
        self._end, self._kind = self.Offset(), _TABLE

    def EndObject(self) -> int:  # noqa: N802
        """The place of the table, or of an equal one."""
        place: int = super().EndObject()
        layout = encode.Get(SOffsetTFlags.packer_type, self.Bytes, len(self.Bytes) - place)
        self._references.append((place, place + layout))
        return self._once(place)

    def PrependUOffsetTRelative(self, off: int) -> None:  # noqa: N802
        """Refer to what was written at a place."""
        super().PrependUOffsetTRelative(off)
        self._references.append((self.Offset(), off))

    def _begin(self) -> None:
        self._before, self._references = self.Offset(), []

    def _once(self, place: int) -> int:
        """The place of the part that was just written, or of an equal one before it."""
        content = self.Bytes[len(self.Bytes) - place : len(self.Bytes) - self._end]
        for reference, _ in self._references:  # they count from where they stand
            content[place - reference : place - reference + UOffsetTFlags.bytewidth] = bytes(4)
        targets = tuple((place - reference, target) for reference, target in self._references)
        known = self._written.setdefault((self._kind, bytes(content), targets), place)
        if known != place:
            self.head = len(self.Bytes) - self._before
        return known
