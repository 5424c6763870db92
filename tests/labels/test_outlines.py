"""Outlines of cells: along pixel edges, and valid polygons."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, is_valid_reason
from shapely import Polygon as ShapelyPolygon

from edgeseg.labels.label_rows import PackedLabels, pack
from edgeseg.labels.outlines import trace_outlines
from edgeseg.labels.regions import measure_cells
from edgeseg.labels.runs import find_runs
from support.label_images import LABELS, discs, filled, grey_for


def outlines_of(labels, **options):
    return list(trace_outlines(labels, measure_cells(labels, grey_for(labels)), **options))


def rings(outline):
    return [ring for polygon in outline.polygons for ring in (polygon.outer, *polygon.holes)]


def plain(outlines):
    return [
        (
            outline.number,
            [(each.outer.tolist(), [hole.tolist() for hole in each.holes]) for each in outline.polygons],
        )
        for outline in outlines
    ]


def of(*rows):
    return np.array([[int(mark == "#") for mark in row] for row in rows], np.int32)


@given(LABELS)
def test_filled_outlines_are_the_cells_to_the_pixel(labels):
    outlines = outlines_of(labels)
    assert [outline.number for outline in outlines] == sorted(set(labels.ravel().tolist()) - {0})
    for outline in outlines:
        assert np.array_equal(filled(rings(outline), labels.shape), labels == outline.number)


@settings(max_examples=60)
@given(LABELS)
def test_outlines_are_valid_polygons_of_the_same_area(labels):
    for outline in outlines_of(labels):
        shape = MultiPolygon([ShapelyPolygon(each.outer, each.holes) for each in outline.polygons])
        assert shape.is_valid, is_valid_reason(shape)
        assert shape.area == (labels == outline.number).sum()


@given(LABELS)
def test_outer_rings_go_clockwise_and_holes_the_other_way(labels):
    for outline in outlines_of(labels):
        for polygon in outline.polygons:
            assert ShapelyPolygon(
                polygon.outer
            ).exterior.is_ccw  # where y goes upwards; downwards it is clockwise
            assert not any(ShapelyPolygon(hole).exterior.is_ccw for hole in polygon.holes)


@given(LABELS)
def test_edges_are_horizontal_and_vertical_in_turn(labels):
    for outline in outlines_of(labels):
        for ring in rings(outline):
            steps = np.roll(ring, -1, axis=0) - ring
            assert (steps[::2, 1] == 0).all()
            assert (steps[1::2, 0] == 0).all()
            assert (steps != 0).any(axis=1).all()


@given(LABELS, st.integers(1, 13))
def test_bands_change_nothing(labels, rows):
    assert plain(outlines_of(labels, rows=rows)) == plain(outlines_of(labels))


def test_packed_labels_have_the_outlines_of_the_array():
    labels = discs(count=30, size=120, radius=20)
    parts = [labels[top : top + 50] for top in range(0, 120, 50)]
    same = np.arange(31, dtype=np.int32)
    packed = PackedLabels(120, [pack(find_runs(each)) for each in parts], [*map(len, parts)], same)
    cells = measure_cells(labels, grey_for(labels))
    assert plain(trace_outlines(packed, cells, rows=7)) == plain(trace_outlines(labels, cells))


def test_one_pixel_is_a_square():
    (outline,) = outlines_of(of("..", ".#"))
    assert plain([outline]) == [(1, [([[1, 1], [2, 1], [2, 2], [1, 2]], [])])]


def test_pixels_that_touch_at_a_corner_are_two_polygons():
    (outline,) = outlines_of(of("#.", ".#"))
    assert [each.outer.tolist()[0] for each in outline.polygons] == [[0, 0], [1, 1]]


def test_a_hole_that_touches_another_at_a_corner_is_a_hole_of_its_own():
    (outline,) = outlines_of(of("####", "#.##", "##.#", "####"))
    (polygon,) = outline.polygons
    assert [len(hole) for hole in polygon.holes] == [4, 4]


def test_a_part_in_a_hole_of_another_keeps_its_own_hole():
    target = of("#######", "#.....#", "#.###.#", "#.#.#.#", "#.###.#", "#.....#", "#######")
    (outline,) = outlines_of(target)
    inner, outer = outline.polygons
    assert [(len(each.outer), len(each.holes)) for each in (inner, outer)] == [(4, 1), (4, 1)]
    assert inner.holes[0].min() == 3
    assert outer.holes[0].min() == 1


def test_no_cells_have_no_outlines():
    assert outlines_of(np.zeros((5, 7), np.int32)) == []
