"""Which of several files no other beats in both respects, cost and quality."""

from __future__ import annotations

from collections.abc import Sequence


def front(points: Sequence[tuple[float, float]]) -> list[bool]:
    """Whether each point is on the Pareto front: no other costs as little, is as good, and differs.

    Args:
        points: cost (less is better) and quality (more is better) of each.
    """
    return [not any(_beats(other, point) for other in points) for point in points]


def _beats(other: tuple[float, float], point: tuple[float, float]) -> bool:
    return other != point and other[0] <= point[0] and other[1] >= point[1]
