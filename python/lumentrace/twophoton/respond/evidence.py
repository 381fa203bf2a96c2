"""Ridge regression of many responses at once, with the penalty that the data make most likely."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DECADES = (-4.0, 5.0)
"""Penalties that are tried, as powers of ten of the mean eigenvalue."""
STEPS = 4
"""Of these in a decade; between them parabolas are laid."""


@dataclass(frozen=True)
class Ridge:
    """Weights of a basis with the variance sigma^2 / penalty each.

    Attributes
    ----------
    values, vectors : ndarray
        (n,) and (n, n): eigenvalues and eigenvectors of the products of the stimulus.
    cross : ndarray
        (n, regions): cross products in these directions.
    squares : ndarray
        (regions,): of the responses.
    rows : int
        Samples, less one for the mean.
    """

    values: Floats
    vectors: Floats
    cross: Floats
    squares: Floats
    rows: int

    @classmethod
    def of(cls, gram: Floats, cross: Floats, squares: Floats, samples: int) -> Ridge:
        """From sums of products about the means."""
        values, vectors = np.linalg.eigh(gram)
        return cls(np.maximum(values, 0), vectors, vectors.T @ cross, squares, samples - 1)

    def of_regions(self, kept: NDArray[np.bool_]) -> Ridge:
        """That of some regions."""
        return replace(self, cross=self.cross[:, kept], squares=self.squares[kept])

    def left(self, penalty: Floats) -> Floats:
        """Squares that are left, with those of the weights: y' (1 + Z Z' / penalty)^-1 y (regions,)."""
        return np.asarray(self.squares - (self.cross**2 / (self.values[:, None] + penalty)).sum(axis=0))

    def gain(self, penalty: Floats) -> Floats:
        """Log evidence at penalties (regions,) less that of no weights, at the most likely variance of the noise.

        -1/2 [n log(left / squares) + sum over k of log(1 + d_k / penalty)].
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            fit = self.rows * np.log(np.maximum(self.left(penalty), 0) / self.squares)
        return np.asarray(-0.5 * (fit + np.log1p(self.values[:, None] / penalty).sum(axis=0)))

    def likely(self) -> tuple[Floats, Floats]:
        """The penalty of the largest evidence, and its gain (regions,)."""
        unit = self.values.mean() if self.values.any() else 1.0
        powers = np.linspace(*DECADES, round((DECADES[1] - DECADES[0]) * STEPS) + 1)
        gains = np.stack([self.gain(np.full(len(self.squares), unit * 10**power)) for power in powers])
        best = powers[np.where(np.isfinite(gains), gains, -np.inf).argmax(axis=0)]
        for step in (1 / STEPS, 0.1 / STEPS):
            best = best + step * self._vertex(unit, best, step)
        penalty = unit * 10**best
        return penalty, self.gain(penalty)

    def _vertex(self, unit: float, power: Floats, step: float) -> Floats:
        """How many steps from a power of ten the peak of a parabola through three gains is, at most one."""
        before, here, after = (self.gain(unit * 10 ** (power + move * step)) for move in (-1, 0, 1))
        with np.errstate(divide="ignore", invalid="ignore"):
            move = 0.5 * (before - after) / (before - 2 * here + after)
        inside = np.isfinite(move) & (here >= before) & (here >= after)
        return np.where(inside, np.clip(move, -1, 1), 0.0)

    def weights(self, penalty: Floats) -> Floats:
        """Of the functions: (n, regions)."""
        return np.asarray(self.vectors @ (self.cross / (self.values[:, None] + penalty)))

    def noise(self, penalty: Floats) -> Floats:
        """Most likely variance of the noise (regions,)."""
        return np.maximum(self.left(penalty), 0) / self.rows

    def variances(self, penalty: Floats, basis: Floats) -> Floats:
        """Posterior variances (m, regions) of what a basis (m, n) makes of the weights."""
        turned = (basis @ self.vectors) ** 2
        return np.asarray(turned @ (1 / (self.values[:, None] + penalty)) * self.noise(penalty))
