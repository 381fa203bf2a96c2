"""One-to-one assignment of regions of two sessions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

SURE = 1e-9
"""How near to 0 and 1 probabilities may come."""


def assigned(pairs: Integers, probability: Floats, least: float) -> Integers:
    """The pairs of the largest product of odds, each region once; groups of regions that are linked one by one.

    Parameters
    ----------
    pairs : ndarray of int
        (pairs, 2): numbers of regions of either session.
    probability : ndarray
        (pairs,); NaN for none.
    least : float
        Probability of a match.

    Returns
    -------
    ndarray of int
        (matches, 2), in ascending order.
    """
    from scipy.optimize import linear_sum_assignment
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    good = np.flatnonzero(probability >= least)
    if not good.size:
        return np.zeros((0, 2), np.int64)
    chance = np.clip(probability[good], SURE, 1 - SURE)
    gain = np.log(chance / (1 - chance)) - np.log(least / (1 - least)) + SURE
    first, second = pairs[good].T
    ends = first, first.max() + 1 + second
    count = int(ends[1].max()) + 1
    _, group = connected_components(coo_array((np.ones(good.size), ends), shape=(count, count)), directed=False)
    found = []
    for own in _by_group(group[first]):
        (rows, i), (columns, j) = (np.unique(each[own], return_inverse=True) for each in (first, second))
        table = np.zeros((len(rows), len(columns)))
        table[i, j] = gain[own]
        chosen = linear_sum_assignment(table, maximize=True)
        real = table[chosen] > 0
        found.append(np.stack([rows[chosen[0][real]], columns[chosen[1][real]]], axis=1))
    matches = np.concatenate(found)
    return np.asarray(matches[np.argsort(matches[:, 0], kind="stable")])


def _by_group(group: NDArray[np.int32]) -> list[Integers]:
    order = np.argsort(group, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(group[order])) + 1)
