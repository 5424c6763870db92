"""What a figure is: its name and unit, which way is better, how it is shown, and how it is read.

All figures are in `bench/figures.py`; tables, budgets, comparisons and reports are made of those.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, Literal, Protocol

from edgeseg.bench.readers import Reader, Source, Value
from edgeseg.metrics.statistics import Interval

#: What is shown where nothing was measured.
NOTHING = "-"

#: `bytes` and `count`: whole numbers. `share`: 0 to 1. `MB`: 10^6 bytes. `kinds` (of operators) and `words`
#: are no numbers.
Unit = Literal["bytes", "count", "share", "ms", "MB", "kinds", "words"]

#: Unit -> digits behind the point, where a value stands in its unit.
_DIGITS = {"bytes": 0, "count": 0, "share": 4, "ms": 3, "MB": 1}


class HasValues(Protocol):
    """A row of some table."""

    @property
    def values(self) -> Mapping[str, Value | None]:
        """By the names of columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """How a figure, or another fact of a row, is shown in a table.

    Attributes:
        name: in CSV, and of a figure in the JSON of results.
        title: at the head of the column.
        about: what it is, in a few words.
        digits: behind the point, of a number; `None`: text.
        scale: what a number is multiplied by to be shown.
        signed: whether the sign is always shown, of a change.
        main: whether it is seen at once.
    """

    name: str
    title: str
    about: str
    digits: int | None = None
    scale: float = 1
    signed: bool = False
    main: bool = False

    def text(self, row: HasValues) -> str:
        """The value of a row as people read it."""
        return self.show(row.values.get(self.name))

    def show(self, value: Value | None) -> str:
        """A value of this column as people read it."""
        if value is None or value == "":
            return NOTHING
        if self.digits is None or not isinstance(value, int | float):
            return str(value)
        number = round(value * self.scale, self.digits) + 0.0  # not -0.0
        return f"{number:{'+' * self.signed},.{self.digits}f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure(Generic[Source]):
    """A figure of a file (`ModelResult`), of a `Measurement`, or of what a file finds (`QualityResult`).

    Attributes:
        name: in comparisons and budgets.
        title: in comparisons.
        unit: of its value.
        reader: how it is read, and how sure it is.
        column: how it is shown in tables; `None`: in none.
        heading: its column in the table of `edgeseg bench`; `None`: it is not there.
        limit: its name in budgets.toml; `None`: no limit can be on it.
        compared: whether `edgeseg compare` compares it.
        ratio: whether it changes by a factor (new over base), and not by a difference (new less base).
        higher_is_better: `True` for what is found, `False` for what it costs.
        unbounded: whether a share may exceed 1, as an error may.
        with_interval: whether tables show the interval of its value beside it.
        places: digits behind the point in comparisons, where they are not those of the unit.
    """

    name: str
    title: str
    unit: Unit
    reader: Reader[Source]
    column: Column | None = None
    heading: str | None = None
    limit: str | None = None
    compared: bool = False
    ratio: bool = False
    higher_is_better: bool = False
    unbounded: bool = False
    with_interval: bool = False
    places: int | None = None

    @property
    def key(self) -> str:
        """Its name in the JSON of results, in CSV, and of its column."""
        return self.column.name if self.column else self.name

    @property
    def digits(self) -> int:
        """Behind the point, where its value stands in its unit."""
        return _DIGITS[self.unit] if self.places is None else self.places

    @property
    def whole(self) -> bool:
        """Whether its values are whole numbers."""
        return self.unit in ("bytes", "count")

    @property
    def exact(self) -> bool:
        """Whether it is the same every time for one file, so that any change is one."""
        return self.reader.exact

    def read(self, source: Source) -> Value | None:
        """Its value; `None` where it was not measured or has no meaning."""
        return self.reader.read(source)

    def number(self, source: Source) -> float | None:
        """Its value as a number; `None` where it is none."""
        value = self.read(source)
        return value if isinstance(value, int | float) else None

    def interval(self, source: Source) -> Interval | None:
        """The 95 % interval of its value; `None` where nothing tells, or it is exact."""
        return self.reader.interval(source)

    def change_interval(self, base: Source, new: Source) -> Interval | None:
        """The 95 % interval of its change; `None` where nothing tells, or it is exact."""
        return self.reader.change_interval(base, new)
