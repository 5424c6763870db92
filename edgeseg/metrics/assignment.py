"""The assignment problem, solved exactly: who goes with whom, so that the gain is the greatest."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def best_pairs(gain: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Pair rows with columns, each with one other at most, so that the sum of the gains is the greatest.

    Shortest augmenting paths with potentials (Jonker and Volgenant 1987, doi 10.1007/BF02278710): time
    grows with the square of the shorter side times the longer one.

    Args:
        gain: `(R, C)`, finite.

    Returns:
        Rows and their columns, min(R, C) pairs, in the order of the shorter side.
    """
    if gain.shape[0] > gain.shape[1]:
        columns, rows = best_pairs(gain.T)
        return rows, columns
    count, width = gain.shape
    # Column `width` stands for the row that is being placed; all costs are reduced by the potentials.
    cost = np.zeros((count, width + 1))
    cost[:, :width] = -gain
    row_potential, column_potential = np.zeros(count), np.zeros(width + 1)
    owner = np.full(width + 1, -1, np.intp)
    for row in range(count):
        owner[width] = row
        column = width
        distance, before = np.full(width + 1, np.inf), np.full(width + 1, width, np.intp)
        reached = np.zeros(width + 1, np.bool_)
        while owner[column] >= 0:
            reached[column] = True
            current = owner[column]
            reduced = cost[current] - row_potential[current] - column_potential
            shorter = ~reached & (reduced < distance)
            shorter[width] = False
            distance[shorter], before[shorter] = reduced[shorter], column
            free = np.where(reached, np.inf, distance)
            free[width] = np.inf
            column = int(np.argmin(free))
            step = free[column]
            row_potential[owner[reached]] += step
            column_potential[reached] -= step
            distance[~reached] -= step
        while column != width:
            owner[column] = owner[before[column]]
            column = int(before[column])
    taken = np.flatnonzero(owner[:width] >= 0)
    order = np.argsort(owner[taken])
    return owner[taken][order], taken[order]
