"""Gaussians fitted to bumps: one to each at once, or several to a bump that particles share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

ROUNDS = 3
"""Fits of the logarithm, each with the weights of the one before."""


@dataclass(frozen=True)
class Pixels:
    """The pixels of all bumps of a film.

    Attributes
    ----------
    owner : ndarray of int
        Number of the bump of each.
    x, y, z : ndarray
        Place in pixels, and height above the ground.
    """

    owner: Integers
    x: Floats
    y: Floats
    z: Floats

    def of(self, start: int, end: int) -> Pixels:
        """Those from one on to another."""
        part = slice(start, end)
        return Pixels(self.owner[part], self.x[part], self.y[part], self.z[part])


@dataclass(frozen=True)
class Bumps:
    """Gaussians, an entry for each: place and standard deviation in pixels, and height; NaN where none fits."""

    x: Floats
    y: Floats
    width: Floats
    height: Floats

    @property
    def volume(self) -> Floats:
        """Height times squared width; the factor 2 pi is left out."""
        return self.height * self.width**2


@dataclass(frozen=True)
class Shape:
    """What bumps of a film have in common.

    Attributes
    ----------
    width, height : float
        Of a typical bump; see `Bumps`.
    spread : float
        Robust standard deviation of the heights, as a share of `height`.
    misfit : float
        Root mean square of what a Gaussian leaves of a typical bump.
    """

    width: float
    height: float
    spread: float
    misfit: float


def single(pixels: Pixels, count: int) -> Bumps:
    """A round Gaussian for each bump, by least squares of the logarithm with weights of the squared height.

    Notes
    -----
    Guo, H.: A simple algorithm for fitting a Gaussian function. IEEE Signal Process. Mag. 28 (2011) 134.
    """
    kept = pixels.z > 0
    owner, z = pixels.owner[kept], pixels.z[kept]
    members = np.maximum(np.bincount(owner, minlength=count), 1)
    # Places from the middle of each bump keep the equations well-conditioned.
    middle_x, middle_y = (np.bincount(owner, each[kept], count) / members for each in (pixels.x, pixels.y))
    x, y = pixels.x[kept] - middle_x[owner], pixels.y[kept] - middle_y[owner]
    columns = np.stack([np.ones_like(x), x, y, x * x + y * y])
    weights, found = z * z, np.full((count, 4), np.nan)
    for _ in range(ROUNDS):
        found = _solved(owner, columns, np.log(z), weights, count)
        exponent = np.einsum("cp,pc->p", columns, np.nan_to_num(found[owner]))
        weights = np.exp(2 * np.clip(exponent, -20, 20 + np.log(z.max(initial=1.0))))
    constant, along, down, curve = found.T
    with np.errstate(all="ignore"):
        variance = np.where(curve < 0, -0.5 / curve, np.nan)
        height = np.exp(constant + (along**2 + down**2) * variance / 2)
    return Bumps(middle_x + along * variance, middle_y + down * variance, np.sqrt(variance), height)


def _solved(owner: Integers, columns: Floats, values: Floats, weights: Floats, count: int) -> Floats:
    """Weighted linear least squares of every bump."""
    matrix = np.empty((count, 4, 4))
    right = np.empty((count, 4))
    for row in range(4):
        weighted = weights * columns[row]
        right[:, row] = np.bincount(owner, weighted * values, count)
        for column in range(4):
            matrix[:, row, column] = np.bincount(owner, weighted * columns[column], count)
    able = np.linalg.matrix_rank(matrix) == 4
    found = np.full((count, 4), np.nan)
    found[able] = np.linalg.solve(matrix[able], right[able][..., None])[..., 0]
    return found


def residual(pixels: Pixels, bumps: Bumps) -> Floats:
    """What single Gaussians leave of the height of each pixel."""
    x, y, width, height = (each[pixels.owner] for each in (bumps.x, bumps.y, bumps.width, bumps.height))
    squares = (pixels.x - x) ** 2 + (pixels.y - y) ** 2
    return np.asarray(pixels.z - height * np.exp(-squares / (2 * width**2)))


def several(pixels: Pixels, number: int, like: Shape) -> tuple[Bumps, float]:
    """Gaussians of a known width and nearly known height for the pixels of one bump, and the cost of saying so.

    Parameters
    ----------
    pixels : Pixels
    number : int
    like : Shape

    Returns
    -------
    bumps : Bumps
    cost : float
        Squares of what is left over those of a single bump, and the penalty of the Bayesian information criterion.
    """
    from scipy import optimize

    weights = pixels.z / pixels.z.sum()
    middle = np.array([weights @ pixels.x, weights @ pixels.y])
    away = np.stack([pixels.x, pixels.y]) - middle[:, None]
    _, axes = np.linalg.eigh((weights * away) @ away.T)
    starts = middle[:, None] + axes[:, 1:] * np.linspace(-1, 1, number) * like.width * (number > 1)

    def left(values: Floats) -> Floats:
        x, y, share = values.reshape(3, number)
        squares = (pixels.x[:, None] - x) ** 2 + (pixels.y[:, None] - y) ** 2
        model = like.height * np.exp(-squares / (2 * like.width**2)) @ share
        return np.concatenate([(model - pixels.z) / like.misfit, (share - 1) / like.spread])

    fit = optimize.least_squares(left, np.concatenate([starts.ravel(), np.ones(number)]), method="lm")
    x, y, share = fit.x.reshape(3, number)
    cost = 2 * float(fit.cost) + 3 * number * float(np.log(len(pixels.z)))
    return Bumps(x, y, np.full(number, like.width), share * like.height), cost
