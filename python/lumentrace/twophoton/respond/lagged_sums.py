"""Sums of products of a stimulus at several lags, with itself and with responses, without the matrix of all lags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class LaggedSums:
    """Products about the means over rows; column l q + k of the stimulus is its part k, l frames ago.

    Attributes
    ----------
    rows : int
    gram : ndarray
        (lags, parts, lags, parts)
    cross : ndarray
        (lags, parts, regions)
    squares : ndarray
        (regions,): of the responses.
    stimulus, responses : ndarray
        (lags, parts) and (regions,): means.
    """

    rows: int
    gram: Floats
    cross: Floats
    squares: Floats
    stimulus: Floats
    responses: Floats

    def timed(self, basis: Floats) -> tuple[Floats, Floats]:
        """Products and cross products, with the lags in a basis (lags, functions): (n, n) and (n, regions)."""
        half = np.tensordot(basis, self.gram, (0, 0))
        gram = np.moveaxis(np.tensordot(half, basis, (2, 0)), 3, 2)
        cross = np.tensordot(basis, self.cross, (0, 0))
        count = basis.shape[1] * self.gram.shape[1]
        return gram.reshape(count, count), cross.reshape(count, -1)


def lagged_sums(stimulus: Floats, responses: Floats, rows: Integers, lags: int) -> LaggedSums:
    """Sums over some rows of a stimulus and its past with itself and with the responses.

    The block of lags i + 1, j + 1 is that of i, j but for the rows at the ends of each unbroken run of rows:
    G[i + 1, j + 1] = G[i, j] + sum over runs of z[a - 1 - i]' z[a - 1 - j] - z[b - 1 - i]' z[b - 1 - j]. Cost: rows x
    parts^2 x lags, and runs x parts^2 x lags^2.

    Parameters
    ----------
    stimulus : ndarray
        (frames, parts)
    responses : ndarray
        (frames, regions)
    rows : ndarray of int
        Ascending frames from `lags` - 1 on that are summed over.
    lags : int
    """
    parts, count = stimulus.shape[1], len(rows)
    breaks = np.flatnonzero(np.diff(rows) > 1)
    starts, stops = rows[np.concatenate([[0], breaks + 1])], rows[np.concatenate([breaks, [count - 1]])] + 1
    gram = np.empty((lags, parts, lags, parts))
    now = stimulus[rows]
    for lag in range(lags):
        gram[0, :, lag] = now.T @ stimulus[rows - lag]
        gram[lag, :, 0] = gram[0, :, lag].T
    for lag in range(1, lags):
        for other in range(lag, lags):
            entering = stimulus[starts - lag].T @ stimulus[starts - other]
            leaving = stimulus[stops - lag].T @ stimulus[stops - other]
            gram[lag, :, other] = gram[lag - 1, :, other - 1] + entering - leaving
            gram[other, :, lag] = gram[lag, :, other].T
    used = responses[rows]
    level = used.mean(axis=0)
    left = used - level
    means = np.stack([stimulus[rows - lag].mean(axis=0) for lag in range(lags)])
    cross = np.stack([stimulus[rows - lag].T @ left for lag in range(lags)])
    gram -= count * means[:, :, None, None] * means
    return LaggedSums(count, gram, cross, (left**2).sum(axis=0), means, level)


def predicted(stimulus: Floats, weights: Sequence[Floats], rows: Integers) -> Floats:
    """Responses (rows, regions) to a stimulus (frames, parts) by weights (parts, regions) of each lag."""
    found = stimulus[rows] @ weights[0]
    for lag in range(1, len(weights)):
        found += stimulus[rows - lag] @ weights[lag]
    return np.asarray(found)
