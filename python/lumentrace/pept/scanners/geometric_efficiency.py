"""How much of the radiation from a place two flat detectors see."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumentrace.data.grid import checked_limits
from lumentrace.data.pept_object import PEPTObject

Floats = NDArray[np.float64]


class ADACGeometricEfficiency(PEPTObject):
    """Share of the pairs of photons from a point that reach both heads of an ADAC Forte.

    The heads are two parallel rectangles, across z. The double integral over directions [1]_ is solved in closed form.

    Parameters
    ----------
    separation : float or (2,) array-like
        Distance of the heads, which are then at z = 0 and z = `separation`; or both places, in mm. Lines read by
        `adac_forte` have their heads at -10 and separation + 10.
    xlim, ylim : (2,) array-like
        Limits of the heads in mm.

    Raises
    ------
    ValueError
        If limits are not ascending finite numbers.

    Notes
    -----
    The efficiency is 0 outside the box between the heads.

    References
    ----------
    .. [1] Guida A., Positron emission particle tracking applied to solid-liquid mixing in mechanically agitated
       vessels, PhD thesis, University of Birmingham (2010).

    Examples
    --------
    >>> from lumentrace.pept.scanners import ADACGeometricEfficiency
    >>> efficiency = ADACGeometricEfficiency([-10, 510])
    >>> efficiency([250, 260], 250, 250).round(8)
    array([0.18669302, 0.19730517])
    >>> round(efficiency.eg(250, 250, 250), 8)
    0.18669302
    """

    def __init__(
        self,
        separation: float | ArrayLike,
        xlim: ArrayLike = (111.78, 491.78),
        ylim: ArrayLike = (46.78, 556.78),
    ) -> None:
        ends: Any = np.asarray(separation, dtype=np.float64)
        self.zlim = checked_limits("separation", [0.0, float(ends)] if ends.ndim == 0 else ends)
        self.xlim, self.ylim = checked_limits("xlim", xlim), checked_limits("ylim", ylim)

    def eg(self, x: float, y: float, z: float) -> float:
        """The efficiency at one point, in mm."""
        return float(self(x, y, z))

    def __call__(self, x: ArrayLike, y: ArrayLike, z: ArrayLike) -> Floats:
        """The efficiency at points whose coordinates, in mm, broadcast against each other; NaN where one is NaN."""
        coordinates = np.broadcast_arrays(*(np.asarray(each, dtype=np.float64) for each in (x, y, z)))
        limits = (self.xlim, self.ylim, self.zlim)
        low = [place - pair[0] for place, pair in zip(coordinates, limits, strict=True)]
        high = [pair[1] - place for place, pair in zip(coordinates, limits, strict=True)]
        inside = np.logical_and.reduce([(a >= 0) & (b >= 0) for a, b in zip(low, high, strict=True)])
        known = np.logical_and.reduce([np.isfinite(place) for place in coordinates])
        # On a face the ratios below are 0 / 0 or infinite, and their arctangents what they should be.
        with np.errstate(divide="ignore", invalid="ignore"):
            start = np.arctan(_largest(high[2] / high[0], low[2] / low[0]))
            end = np.pi - np.arctan(_largest(high[2] / low[0], low[2] / high[0]))
            slopes = (
                _largest(high[2] / high[1], low[2] / low[1]),
                _largest(high[2] / low[1], low[2] / high[1]),
            )
            total = sum(_integral(start, end, slope) for slope in slopes) / (2 * np.pi)
        return np.where(known, np.where(inside, total, 0.0), np.nan)


def _largest(a: Floats, b: Floats) -> Floats:
    """The larger one; where one is 0 / 0, the other."""
    return np.fmax(a, b)


def _integral(start: Floats, end: Floats, slope: Floats) -> Floats:
    """∫ dθ / sqrt(1 + slope² / sin²θ) from `start` to `end`."""
    scale = np.sqrt(1 + slope**2)
    integral: Floats = np.arcsin(np.cos(start) / scale) - np.arcsin(np.cos(end) / scale)
    return integral
