"""Where rows go that are sorted by groups, told block by block."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


class Places:
    """The places of rows in a table sorted by group; rows of a group stay in order.

    Parameters
    ----------
    counts : (G,) array of int
        Rows of each group.

    Examples
    --------
    >>> places = Places(np.array([3, 2]))
    >>> places.of(np.array([1, 0, 0]))
    (array([1, 2, 0]), array([0, 1, 3]))
    >>> places.of(np.array([1, 0]))
    (array([1, 0]), array([2, 4]))
    """

    def __init__(self, counts: Indices) -> None:
        self._next = np.cumsum(counts) - counts

    def of(self, groups: Indices) -> tuple[Indices, Indices]:
        """The order in which to take the next rows, whose groups are given, and their places then, ascending."""
        order = np.argsort(groups, kind="stable")
        found, counts = np.unique(groups, return_counts=True)
        first = np.cumsum(counts) - counts
        places = np.arange(len(groups)) + np.repeat(self._next[found] - first, counts)
        self._next[found] += counts
        return order, places


def tally(blocks: Iterable[Floats]) -> tuple[Floats, Indices]:
    """The different values in blocks (NaN last, as one) and how often each is there.

    Examples
    --------
    >>> tally([np.array([3.0, 1.0, 3.0]), np.array([1.0, np.nan])])
    (array([ 1.,  3., nan]), array([2, 2, 1]))
    """
    found, counts = np.empty(0), np.empty(0, dtype=np.intp)
    for block in blocks:
        values, numbers = np.unique(block, return_counts=True)
        both = np.unique(np.concatenate([found, values]))
        total = np.zeros(len(both), dtype=np.intp)
        total[np.searchsorted(both, found)] += counts
        total[np.searchsorted(both, values)] += numbers
        found, counts = both, total
    return found, counts
