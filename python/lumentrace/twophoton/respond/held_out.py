"""Predictions of receptive fields in frames that they were not fitted to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lumentrace.twophoton.respond.lagged_sums import predicted

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

STRETCHES = 5
"""Parts of the recording, at the end of each of which some frames are held out."""


def split(rows: Integers, share: float) -> tuple[Integers, Integers]:
    """Frames to fit and frames to predict."""
    parts = np.array_split(rows, STRETCHES)
    edges = [len(part) - int(share * len(part)) for part in parts]
    train = np.concatenate([part[:edge] for part, edge in zip(parts, edges, strict=True)])
    return train, np.concatenate([part[edge:] for part, edge in zip(parts, edges, strict=True)])


def explained(stimulus: Floats, weights: Floats, y: Floats, rows: Integers) -> Floats:
    """Explained variance, correlation, and share of shifts that correlate as well: (3, regions).

    Parameters
    ----------
    stimulus : ndarray
        (frames, rows, columns)
    weights : ndarray
        (regions, lags, rows, columns)
    y : ndarray
        (frames, regions)
    rows : ndarray of int
    """
    regions, lags = weights.shape[:2]
    by_lag = np.moveaxis(weights.reshape(regions, lags, -1), 0, 2)
    found, true = predicted(stimulus.reshape(len(stimulus), -1), list(by_lag), rows), y[rows]
    found, true = found - found.mean(axis=0), true - true.mean(axis=0)
    total = (true**2).sum(axis=0)
    left = ((true - found) ** 2).sum(axis=0)
    variance = 1 - np.divide(left, total, out=np.full(regions, np.nan), where=total > 0)
    size = np.sqrt(total * (found**2).sum(axis=0))
    return np.stack([variance, *_shifted(found, true, size, lags)])


def _shifted(found: Floats, true: Floats, size: Floats, lags: int) -> tuple[Floats, Floats]:
    """Correlation, and the share (b + 1) / (m + 1) of m shifts by more than `lags` frames that reach it."""
    from scipy import fft

    count = len(true)
    products = fft.irfft(fft.rfft(true, axis=0) * np.conj(fft.rfft(found, axis=0)), n=count, axis=0)
    known = size > 0
    r = np.divide((true * found).sum(axis=0), size, out=np.full(size.shape, np.nan), where=known)
    others = products[lags + 1 : count - lags]
    if not len(others):
        return r, np.full(size.shape, np.nan)
    reached = (others >= (true * found).sum(axis=0)).sum(axis=0)
    return r, np.where(known, (reached + 1) / (len(others) + 1), np.nan)
