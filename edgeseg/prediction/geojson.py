"""Outlines and measures of cells as GeoJSON, in the form that QuPath imports: one detection for each cell."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from edgeseg.labels.outlines import Outline, Polygon, Ring
from edgeseg.labels.regions import Cell
from edgeseg.prediction.measures import MEASURES, names, values


def geojson(outlines: Iterable[Outline], cells: Iterable[Cell], pixel_size: float | None) -> Iterator[bytes]:
    """A feature collection, feature by feature.

    Coordinates are in pixels from the upper left corner of the image, along pixel edges, as QuPath has them.
    Measures are called as in `cells.csv`; what is not defined of a cell is left out.

    Args:
        outlines: of the cells, in the same order.
        cells: as measured.
        pixel_size: micrometres a pixel, for measures in um and um2; None for px.
    """
    measured = names(MEASURES, pixel_size)
    before = b'{"type": "FeatureCollection", "features": ['
    for outline, cell in zip(outlines, cells, strict=True):
        found = zip(measured, values(cell, MEASURES, pixel_size), strict=True)
        feature = {
            "type": "Feature",
            "geometry": _geometry(outline),
            "properties": {
                "objectType": "detection",
                "name": str(outline.number),
                "measurements": {name: float(f"{value:.10g}") for name, value in found if value is not None},
            },
        }
        yield before + b"\n" + json.dumps(feature).encode()
        before = b","
    yield (before if before != b"," else b"") + b"\n]}\n"


def _geometry(outline: Outline) -> dict[str, Any]:
    polygons = [_rings(polygon) for polygon in outline.polygons]
    if len(polygons) == 1:
        return {"type": "Polygon", "coordinates": polygons[0]}
    return {"type": "MultiPolygon", "coordinates": polygons}


def _rings(polygon: Polygon) -> list[list[list[int]]]:
    return [_closed(ring) for ring in (polygon.outer, *polygon.holes)]


def _closed(ring: Ring) -> list[list[int]]:
    """With the first corner once more at the end."""
    corners: list[list[int]] = ring.tolist()
    return [*corners, corners[0]]
