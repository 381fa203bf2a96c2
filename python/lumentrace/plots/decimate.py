"""Which rows of long tables to draw."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.arrays import AnyArray

Indices = NDArray[np.intp]
BLOCK = 2**16
"""Rows that are read at a time."""


class Sliced(Protocol):
    """An array, or something that reads one."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Its extents."""

    def __getitem__(self, rows: slice[int, int, None], /) -> AnyArray:
        """Some rows."""


def every(rows: int, limit: int) -> Indices:
    """Evenly spaced row numbers, first and last included, at most `limit` of them.

    Examples
    --------
    >>> every(9, 3)
    array([0, 4, 8])
    """
    if rows <= limit:
        return np.arange(rows)
    return np.unique(np.linspace(0, rows - 1, limit).round().astype(np.intp))


def extremes(values: Sliced, limit: int) -> Indices:
    """Row numbers of the lowest and highest value in each of many equal stretches, at most `limit` of them.

    A curve drawn through these rows looks like the one through all rows, peaks included.

    Parameters
    ----------
    values : (N,) or (N, D) array, or what gives slices of it
        One column per curve; a row that matters to any of them is kept. NaNs are passed over. Read block by block.
    limit : int
        At least 2 D.

    Returns
    -------
    (M,) array of int
        Ascending; M <= limit.

    Examples
    --------
    >>> extremes(np.array([[0.0], [9.0], [1.0], [2.0], [-5.0], [3.0]]), 4)
    array([0, 1, 4, 5])
    """
    rows, curves = values.shape[0], math.prod(values.shape[1:])
    if rows <= limit:
        return np.arange(rows)
    length = -(-rows // max(1, limit // (2 * curves)))
    step = max(1, BLOCK // length) * length
    starts = range(0, rows, step)
    blocks = (np.reshape(values[start : start + step], (-1, curves)) for start in starts)
    found = [_extremes(block, length) + start for start, block in zip(starts, blocks, strict=True)]
    return np.unique(np.concatenate(found))


def _extremes(values: AnyArray, length: int) -> Indices:
    """Row numbers of the lowest and highest value in each stretch of some length."""
    rows, curves = values.shape
    stretches = -(-rows // length)
    padded = np.full((stretches * length, curves), np.nan)
    padded[:rows] = values
    blocks = padded.reshape(stretches, length, curves)
    empty = np.isnan(blocks)
    lowest = np.where(empty, np.inf, blocks).argmin(axis=1)
    highest = np.where(empty, -np.inf, blocks).argmax(axis=1)
    starts = length * np.arange(stretches)[:, None]
    return np.concatenate([lowest + starts, highest + starts]).ravel()


def shares(counts: Sequence[int], limit: int) -> list[int]:
    """Divide `limit` among groups, in proportion to their sizes but so that small ones stay visible.

    A quarter of `limit` is dealt out equally, the rest in proportion to what is left of each group.

    Examples
    --------
    >>> shares([40, 4000], 400)
    [40, 360]
    >>> shares([40, 60], 400)
    [40, 60]
    """
    if sum(counts) <= limit:
        return list(counts)
    equal = [min(count, limit // (4 * len(counts))) for count in counts]
    rest = [count - share for count, share in zip(counts, equal, strict=True)]
    left, total = limit - sum(equal), sum(rest)
    return [share + more * left // total for share, more in zip(equal, rest, strict=True)]
