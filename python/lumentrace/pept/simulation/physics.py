"""What happens between a decay and its detection: positron range, photon directions, Compton scattering."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core

Array = NDArray[np.float64]

_RANGE_SHARE, _RANGE_NARROW, _RANGE_WIDE = 0.516, 37.9, 3.10
"""Fluorine-18 in water, Levin & Hoffman (1999): C and, in 1/mm, k1 and k2."""


def positron_range(rng: np.random.Generator, n: int) -> Array:
    """Draw displacements (n, 3) in mm from the decays of fluorine-18 in water to where the positrons annihilate.

    Along each axis the density is ``C exp(-k1 |x|) + (1 - C) exp(-k2 |x|)``, up to a factor.

    References
    ----------
    .. [1] Levin C. S., Hoffman E. J., Calculation of positron range and its effect on the fundamental limit of positron
       emission tomography system spatial resolution, Physics in Medicine and Biology 44 (1999) 781-799.
    """
    narrow, wide = _RANGE_SHARE / _RANGE_NARROW, (1 - _RANGE_SHARE) / _RANGE_WIDE
    is_narrow = rng.random((n, 3)) < narrow / (narrow + wide)
    return rng.laplace(size=(n, 3)) / np.where(is_narrow, _RANGE_NARROW, _RANGE_WIDE)


def directions(rng: np.random.Generator, n: int, least_cosine: float, either_way: bool = False) -> Array:
    """Draw unit vectors (n, 3), isotropic among those with z component >= `least_cosine`, or their opposites, too."""
    cosines = rng.uniform(least_cosine, 1.0, n)
    azimuths = rng.uniform(0, 2 * np.pi, n)
    signs = rng.choice(np.array([-1.0, 1.0]), n) if either_way else np.ones(n)
    return _core.photon_directions(cosines, azimuths, signs).T


def turned(rng: np.random.Generator, direction: Array, angle: Array) -> Array:
    """Turn unit vectors (n, 3) by the given angles (n,) to random sides."""
    return turned_to(direction, angle, sides(rng, len(direction)))


def sides(rng: np.random.Generator, n: int) -> Array:
    """Draw angles (n,) in radians that tell to which side something turns."""
    return rng.uniform(0, 2 * np.pi, n)


def turned_to(direction: Array, angle: Array, azimuth: Array) -> Array:
    """Turn unit vectors (n, 3) by the given angles (n,) to the given sides (n,)."""
    return _core.photons_turned(direction.T, angle, azimuth).T


def acollinearity(rng: np.random.Generator, n: int, fwhm: float) -> Array:
    """Draw angles (n,) in radians by which photon pairs miss 180 degrees; `fwhm` in degrees, of either component."""
    return rng.rayleigh(np.deg2rad(fwhm / np.sqrt(8 * np.log(2))), n)


def compton_angles(rng: np.random.Generator, n: int, window: float) -> Array:
    """Draw angles (n,) in radians at which 511 keV photons scatter, losing at most the share `window` of their energy.

    The density is the Klein-Nishina formula, ``P^2 (P + 1/P - sin^2 θ) sin θ``, with ``P = 1 / (2 - cos θ)`` the share
    of the energy that is left, at least ``1 - window``.
    """
    return compton_angles_at(rng.random(n), window)


def compton_angles_at(shares: Array, window: float) -> Array:
    """Angles (n,) in radians below which so large a share (n,) of all is; see `compton_angles`."""
    cumulative, cosine = _klein_nishina(window)
    found: Array = np.interp(shares * cumulative[-1], cumulative, cosine)
    return np.arccos(found)


@lru_cache(maxsize=8)
def _klein_nishina(window: float) -> tuple[Array, Array]:
    """Integral of the density up to each cosine."""
    cosine = np.linspace(max(-1.0, 2 - 1 / (1 - window)), 1.0, 2001)
    ratio = 1 / (2 - cosine)
    density = ratio**2 * (ratio + 1 / ratio - 1 + cosine**2)
    return np.concatenate([[0.0], np.cumsum(density[1:] + density[:-1])]), cosine
