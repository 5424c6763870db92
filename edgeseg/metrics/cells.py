"""How many cells were found, and what that makes of precision and recall."""

from __future__ import annotations

from dataclasses import dataclass

#: Pixels of the smallest cell; a smaller piece is a speck.
MIN_AREA = 16


@dataclass(frozen=True, slots=True)
class CellCounts:
    """How many cells there are in an image (or in several together).

    Attributes:
        true: in the ground truth.
        found: in the prediction.
        matched: true ones that were found.
    """

    true: int
    found: int
    matched: int

    def __add__(self, other: CellCounts) -> CellCounts:
        return CellCounts(self.true + other.true, self.found + other.found, self.matched + other.matched)

    @property
    def precision(self) -> float:
        """Share of the found cells that are true; 1 where none was there and none found."""
        return self._ratio(self.matched, self.found)

    @property
    def recall(self) -> float:
        """Share of the true cells that were found; 1 where none was there and none found."""
        return self._ratio(self.matched, self.true)

    @property
    def f1(self) -> float:
        """Harmonic mean of the two."""
        return self._ratio(2 * self.matched, self.true + self.found)

    def _ratio(self, numerator: int, denominator: int) -> float:
        if denominator:
            return numerator / denominator
        return 1.0 if self.true + self.found == 0 else 0.0
