from hypothesis import given
from hypothesis import strategies as st

from edgeseg.report.pareto import front

POINTS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=20)


def beats(a, b):
    return a != b and a[0] <= b[0] and a[1] >= b[1]


@given(POINTS)
def test_a_point_is_on_the_front_unless_one_that_is_beats_it(points):
    best = [point for point, on in zip(points, front(points), strict=True) if on]
    for point, on in zip(points, front(points), strict=True):
        assert on != any(beats(other, point) for other in best)


@given(POINTS.filter(bool))
def test_the_cheapest_of_the_best_and_the_best_of_the_cheapest_are_on_the_front(points):
    found = dict(zip(points, front(points), strict=True))
    assert found[min(points, key=lambda point: (-point[1], point[0]))]
    assert found[min(points, key=lambda point: (point[0], -point[1]))]


def test_two_that_are_alike_are_both_on_it():
    assert front([(1, 0.9), (1, 0.9), (2, 0.8)]) == [True, True, False]
