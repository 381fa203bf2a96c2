"""Bases in which smooth weights have equal variance: factors of Gaussian prior covariances in space and time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TAIL = 1e-3
"""Prior variance, over the largest, below which a direction is left out."""


def _factor(length: int, scale: float) -> tuple[Floats, Floats]:
    """Eigenvalues (length,), descending, and vectors (length, length) of exp(-d^2 / (2 scale^2))."""
    if scale <= 0:
        return np.ones(length), np.eye(length)
    apart = np.subtract.outer(np.arange(length), np.arange(length))
    values, vectors = np.linalg.eigh(np.exp(-(apart**2) / (2 * scale**2)))
    return np.maximum(values[::-1], 0), vectors[:, ::-1]


def line_basis(length: int, scale: float) -> Floats:
    """Basis (length, functions) B of a line of weights: B B' is the prior covariance but for what is below `TAIL`.

    Parameters
    ----------
    length : int
    scale : float
        Distance over which weights are alike; 0 for weights that are independent of each other.
    """
    values, vectors = _factor(length, scale)
    kept = values > TAIL * values[0]
    return np.asarray(vectors[:, kept] * np.sqrt(values[kept]))


def plane_basis(shape: tuple[int, int], scale: float) -> Floats:
    """The same of an image of weights, counted row by row: (rows x columns, functions)."""
    (down, rows), (across, columns) = (_factor(length, scale) for length in shape)
    values = np.outer(down, across)
    first, second = np.nonzero(values > TAIL * values[0, 0])
    basis = rows[:, None, first] * columns[None, :, second]
    return np.asarray(basis.reshape(shape[0] * shape[1], -1) * np.sqrt(values[first, second]))
