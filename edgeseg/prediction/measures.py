"""What tables and other files say of a cell: the names of its measures, their units, and their values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from edgeseg.labels.regions import Cell


class Unit(IntEnum):
    """What a measure is in, as the power of a pixel's size."""

    NONE = 0
    LENGTH = 1
    AREA = 2


@dataclass(frozen=True, slots=True)
class Measure:
    """One of them.

    Attributes:
        name: what it is called, without its unit.
        attribute: of `Cell`, in pixels.
        unit: of it.
    """

    name: str
    attribute: str
    unit: Unit = Unit.NONE


#: Those of version 0.1. Folders that it began go on with them.
FIRST_MEASURES = (
    Measure("area", "area", Unit.AREA),
    Measure("centroid_x", "centroid_x", Unit.LENGTH),
    Measure("centroid_y", "centroid_y", Unit.LENGTH),
    Measure("bbox_x", "left", Unit.LENGTH),
    Measure("bbox_y", "top", Unit.LENGTH),
    Measure("bbox_width", "width", Unit.LENGTH),
    Measure("bbox_height", "height", Unit.LENGTH),
    Measure("mean_intensity", "mean_intensity"),
)

MEASURES = (
    *FIRST_MEASURES,
    Measure("min_intensity", "min_intensity"),
    Measure("max_intensity", "max_intensity"),
    Measure("std_intensity", "std_intensity"),
    Measure("perimeter", "perimeter", Unit.LENGTH),
    Measure("major_axis_length", "major_axis_length", Unit.LENGTH),
    Measure("minor_axis_length", "minor_axis_length", Unit.LENGTH),
    Measure("eccentricity", "eccentricity"),
    Measure("solidity", "solidity"),
    Measure("circularity", "circularity"),
    Measure("touches_border", "touches_border"),
)

_IN_PIXELS = {Unit.NONE: "", Unit.LENGTH: "_px", Unit.AREA: "_px"}
_IN_MICROMETRES = {Unit.NONE: "", Unit.LENGTH: "_um", Unit.AREA: "_um2"}


def names(measures: Sequence[Measure], pixel_size: float | None) -> list[str]:
    """What measures are called, with their units.

    Args:
        measures: some.
        pixel_size: micrometres a pixel, for um and um2; None for px.
    """
    units = _IN_PIXELS if pixel_size is None else _IN_MICROMETRES
    return [each.name + units[each.unit] for each in measures]


def values(cell: Cell, measures: Sequence[Measure], pixel_size: float | None) -> list[float | None]:
    """The measures of a cell in these units: 1 and 0 for yes and no, None where one is not defined."""
    powers = [(pixel_size or 1) ** power for power in range(3)]
    found = [(getattr(cell, each.attribute), powers[each.unit]) for each in measures]
    return [None if value is None else value * power for value, power in found]
