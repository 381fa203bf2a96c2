"""Indices of direction and orientation selectivity of mean responses, in closed form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]

FULL = 360.0
EVEN = 1e-6
"""Length of the sum of unit vectors, over their number, up to which stimuli count as evenly spread."""
ALIKE = 1e-6
"""Degrees up to which two directions are one."""


def phases(degrees: Floats, harmonic: int) -> Complex:
    """Unit vectors (stimuli,) at `harmonic` times the angle."""
    return np.asarray(np.exp(1j * harmonic * np.deg2rad(degrees)))


def is_even(degrees: Floats, harmonic: int) -> bool:
    """Whether the vector sum of equal responses is 0, so that an index of it means something."""
    return len(degrees) > 1 and bool(np.abs(phases(degrees, harmonic).mean()) < EVEN)


def vector_sum(mean: Floats, degrees: Floats, harmonic: int) -> Complex:
    """Sum over k of r_k exp(i h theta_k): (..., regions) of means (..., stimuli, regions)."""
    return np.asarray(np.einsum("k,...kr->...r", phases(degrees, harmonic), mean))


def over(numerator: Floats, denominator: Floats) -> Floats:
    """A ratio; NaN unless the denominator is positive."""
    found = np.full(np.broadcast_shapes(numerator.shape, denominator.shape), np.nan)
    return np.asarray(np.divide(numerator, denominator, out=found, where=denominator > 0))


def angle(vector: Complex, harmonic: int) -> Floats:
    """The preferred angle in degrees, from 0 up to 360 over the harmonic; NaN for vectors of no length."""
    found = np.rad2deg(np.angle(vector)) / harmonic % (FULL / harmonic)
    return np.where(np.abs(vector) > 0, found, np.nan)


@dataclass(frozen=True)
class Opposites:
    """For each direction of a set the places of those that it is compared with.

    Attributes
    ----------
    null : ndarray of int or None
        Of the opposite direction; None unless all have one.
    across : ndarray of int or None
        (stimuli, 2): of the two directions across; for orientations within half a turn, twice the one.
    half : bool
        Whether the set has orientations only: no opposite directions, all within half a turn.
    """

    null: NDArray[np.int64] | None
    across: NDArray[np.int64] | None
    half: bool

    @classmethod
    def of(cls, degrees: Floats) -> Opposites:
        """Those of a set of directions."""
        null = _turned(degrees, FULL / 2, FULL)
        half = null is None and bool(np.ptp(degrees) < FULL / 2)
        period = FULL / 2 if half else FULL
        one, other = (_turned(degrees, turn, period) for turn in (FULL / 4, -FULL / 4))
        return cls(null, None if one is None or other is None else np.stack([one, other], 1), half)

    def preferred_null(self, mean: Floats) -> Floats:
        """(R_preferred - R_null) / (R_preferred + R_null) of means (..., stimuli, regions); NaN without opposites."""
        if self.null is None:
            return np.full(_regions(mean), np.nan)
        best, place = _largest(mean)
        other = _at(mean, self.null[place])
        return over(best - other, best + other)

    def preferred_orthogonal(self, mean: Floats) -> Floats:
        """(R_preferred - R_orthogonal) / (R_preferred + R_orthogonal), each the mean of its two directions."""
        if self.across is None or (self.null is None and not self.half):
            return np.full(_regions(mean), np.nan)
        both = mean if self.null is None else (mean + mean[..., self.null, :]) / 2
        best, place = _largest(both)
        other = (_at(mean, self.across[place, 0]) + _at(mean, self.across[place, 1])) / 2
        return over(best - other, best + other)


def _turned(degrees: Floats, by: float, period: float) -> NDArray[np.int64] | None:
    """Places of the directions that are turned by so much; None if one is missing."""
    apart = np.abs((degrees[:, None] + by - degrees + period / 2) % period - period / 2)
    return apart.argmin(axis=1).astype(np.int64) if (apart.min(axis=1) < ALIKE).all() else None


def _regions(mean: Floats) -> tuple[int, ...]:
    return (*mean.shape[:-2], mean.shape[-1])


def _largest(mean: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """The largest mean along the stimuli, and its place; NaN if one is unknown."""
    place = np.where(np.isfinite(mean), mean, -np.inf).argmax(axis=-2)
    return np.where(np.isfinite(mean).all(axis=-2), _at(mean, place), np.nan), place


def _at(mean: Floats, place: NDArray[np.int64]) -> Floats:
    return np.take_along_axis(mean, place[..., None, :], axis=-2)[..., 0, :]
