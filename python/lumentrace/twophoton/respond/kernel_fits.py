"""Least squares with many right-hand sides, plain and with a penalty on bends."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WELL = 1e-9
"""Smallest over largest eigenvalue of the normal equations from which they are solved as they are."""
WEIGHTS = tuple(10.0**power for power in range(-4, 4))
"""Weights of the penalty on bends, in units of the stimulus' own power."""
FOLDS = 8
"""Parts for cross-validation."""


def least_squares(design: Floats, y: Floats) -> Floats:
    """Solution (columns, sides) of least length.

    Normal equations and one step of refinement where they are well conditioned, which takes a tenth of the time of a
    singular value decomposition; that decomposition otherwise.
    """
    gram = design.T @ design
    values = np.linalg.eigvalsh(gram)
    if not values[0] > WELL * values[-1]:
        return np.asarray(np.linalg.lstsq(design, y, rcond=None)[0])
    found = np.linalg.solve(gram, design.T @ y)
    return np.asarray(found + np.linalg.solve(gram, design.T @ (y - design @ found)))


def smooth_least_squares(design: Floats, y: Floats, segment: NDArray[np.int64], streams: int) -> Floats:
    """Least squares with a penalty on second differences of each stream; means are left out.

    The weight is the one that best predicts parts of the data from the others; parts are whole segments if there are
    several.

    Parameters
    ----------
    design : ndarray
        (samples, streams * lags)
    y : ndarray
        (samples, sides)
    segment : ndarray of int
        (samples,), ascending.
    streams : int
    """
    lags = design.shape[1] // streams
    bend = np.diff(np.eye(lags), n=2, axis=0)
    center, level = design.mean(axis=0), y.mean(axis=0)
    # Sums of small numbers lose no digits when parts are taken away from the whole.
    parts = [_Sums.of(design[own] - center, y[own] - level) for own in _folds(segment)]
    whole = reduce(_Sums.__add__, parts)
    unit = float(np.trace(whole.centred()[0])) / design.shape[1]
    penalty = unit * np.kron(np.eye(streams), bend.T @ bend)
    losses = [sum(part.loss(whole.without(part), weight * penalty) for part in parts) for weight in WEIGHTS]
    return whole.solve(WEIGHTS[int(np.argmin(losses))] * penalty)


def _folds(segment: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Samples of each part: segments in turn, or stretches of the only one."""
    names, number = np.unique(segment, return_inverse=True)
    if len(names) == 1:
        return [own for own in np.array_split(np.arange(len(segment)), FOLDS) if own.size]
    return [np.flatnonzero(number % FOLDS == fold) for fold in range(min(FOLDS, len(names)))]


@dataclass(frozen=True)
class _Sums:
    """Sums over samples: their number, x, y, x x', x y', y y."""

    count: float
    x: Floats
    y: Floats
    xx: Floats
    xy: Floats
    yy: float

    @classmethod
    def of(cls, design: Floats, y: Floats) -> _Sums:
        return cls(len(y), design.sum(axis=0), y.sum(axis=0), design.T @ design, design.T @ y, float(np.vdot(y, y)))

    def __add__(self, other: _Sums) -> _Sums:
        return self._plus(other, 1)

    def without(self, part: _Sums) -> _Sums:
        return self._plus(part, -1)

    def _plus(self, other: _Sums, sign: int) -> _Sums:
        return _Sums(
            self.count + sign * other.count,
            self.x + sign * other.x,
            self.y + sign * other.y,
            self.xx + sign * other.xx,
            self.xy + sign * other.xy,
            self.yy + sign * other.yy,
        )

    def centred(self) -> tuple[Floats, Floats]:
        """Products about the means."""
        return self.xx - np.outer(self.x, self.x) / self.count, self.xy - np.outer(self.x, self.y) / self.count

    def solve(self, penalty: Floats) -> Floats:
        """The penalised solution; that of least length if there are several."""
        xx, xy = self.centred()
        try:
            return np.asarray(np.linalg.solve(xx + penalty, xy))
        except np.linalg.LinAlgError:
            return np.asarray(np.linalg.lstsq(xx + penalty, xy, rcond=None)[0])

    def loss(self, others: _Sums, penalty: Floats) -> float:
        """Squares that are left here by the solution of other samples, about their means."""
        found = others.solve(penalty)
        x, y = others.x / others.count, others.y / others.count
        xx = self.xx - np.outer(x, self.x) - np.outer(self.x, x) + self.count * np.outer(x, x)
        xy = self.xy - np.outer(x, self.y) - np.outer(self.x, y) + self.count * np.outer(x, y)
        yy = self.yy - 2 * float(y @ self.y) + self.count * float(y @ y)
        return yy - 2 * float(np.vdot(found, xy)) + float(np.vdot(found, xx @ found))
