"""Particles that share an object, told by what particles of the film have in common."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .gaussians import Bumps, Floats, Pixels, flanks, modelled, single

ALIKE, ENOUGH = 0.25, 10
"""Greatest robust spread of volumes, as a share of their median, for particles that are all alike, and the least number
of objects to say so: `DOUBLE` lies two such spreads above one particle."""
HALF_WIDTH = 0.6745
"""Standard deviations on either side of the middle that hold half of a Gaussian."""
LEAST_SPREAD, LEAST_MISFIT = 0.05, 0.01
"""Least spread and misfit, as shares of the height, however well particles agree: levelling changes them, too."""
DOUBLE = 1.5
"""Volumes of a typical particle from which an object may be several: half-way between one and two."""
MOST = 4
"""Most particles in one object."""
STEPS, CLOSE = 40, 1e-3
"""Most steps of a fit, and the change, in widths and heights of a particle, below which it ends."""
ROUNDS = 3
"""Times that objects are fitted, each without the flanks of the others as they were fitted before."""


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


def particles(pixels: Pixels, count: int) -> tuple[Bumps, bool]:
    """The particles of all objects, in their order.

    Parameters
    ----------
    pixels : Pixels
    count : int
        Number of objects.

    Returns
    -------
    bumps : Bumps
    alike : bool
        Whether particles are so much alike that several in one object can be told.
    """
    bumps, alone, like = single(pixels, count), pixels, None
    for _ in range(ROUNDS):
        alone = replace(pixels, z=pixels.z - flanks(pixels, bumps))
        ones = single(alone, count)
        like = _alike(alone, ones)
        bumps = ones if like is None else _shared(alone, ones, like)
    return bumps, like is not None


def _alike(pixels: Pixels, bumps: Bumps) -> Shape | None:
    """The shape of a typical particle, if they are alike."""
    known = np.flatnonzero(np.isfinite(bumps.volume))
    if len(known) < ENOUGH:
        return None
    # Half of the objects are enough, where others hold several.
    half = known[_densest_half(bumps.volume[known])]
    volumes, heights = bumps.volume[half], bumps.height[half]
    if np.ptp(volumes) / 2 / HALF_WIDTH > ALIKE * np.median(volumes):
        return None
    height, width = float(np.median(heights)), float(np.median(bumps.width[half]))
    typical = replace(bumps, width=np.full(len(bumps.width), width))
    own = np.isin(pixels.owner, half)
    misfit = float(np.sqrt(np.mean((pixels.z - modelled(pixels, typical))[own] ** 2)))
    spread = _spread(heights, height) / height
    return Shape(width, height, max(spread, LEAST_SPREAD), max(misfit, LEAST_MISFIT * height))


def _densest_half(values: Floats) -> NDArray[np.int64]:
    """Which half of the values lies closest together."""
    order, half = np.argsort(values), len(values) // 2
    ordered = values[order]
    start = int(np.argmin(ordered[half:] - ordered[: len(values) - half]))
    return order[start : start + half + 1]


def _spread(values: Floats, middle: Floats | float) -> float:
    return 1.4826 * float(np.median(np.abs(values - middle)))


def _shared(pixels: Pixels, ones: Bumps, like: Shape) -> Bumps:
    """The same with several particles for the objects that are too large for one."""
    large = np.flatnonzero(~(ones.volume < DOUBLE * like.height * like.width**2))
    starts, ends = (np.searchsorted(pixels.owner, large, side).tolist() for side in ("left", "right"))
    found = {
        number: _most_likely(pixels.of(*ends), like) for number, *ends in zip(large.tolist(), starts, ends, strict=True)
    }
    several = [each for each in found.values() if len(each.x) > 1]
    kept = np.setdiff1d(np.arange(len(ones.x)), [each.owner[0] for each in several])
    groups = [Bumps(*(values[kept] for values in vars(ones).values())), *several]
    joined = [np.concatenate(values) for values in zip(*(vars(each).values() for each in groups), strict=True)]
    order = np.argsort(joined[0], kind="stable")
    return Bumps(*(values[order] for values in joined))


def _most_likely(pixels: Pixels, like: Shape) -> Bumps:
    """As many particles as leave least by the Bayesian information criterion."""
    best, cost = _fitted(pixels, 1, like)
    for number in range(2, min(MOST, len(pixels.z) // 3) + 1):
        more, dearer = _fitted(pixels, number, like)
        if dearer >= cost:
            break
        best, cost = more, dearer
    return best


def _fitted(pixels: Pixels, number: int, like: Shape) -> tuple[Bumps, float]:
    """Particles of the typical width and nearly the typical height for the pixels of one object, and the criterion."""
    weights = np.maximum(pixels.z, 0) + 1e-9 * like.height
    middle = np.array([np.average(places, weights=weights) for places in (pixels.x, pixels.y)])
    away = (np.stack([pixels.x, pixels.y]) - middle[:, None]) / like.width
    _, axes = np.linalg.eigh((weights * away) @ away.T)
    starts = axes[:, 1:] * (np.linspace(-1, 1, number) if number > 1 else 0.0)
    values, squares = _descended(away, pixels.z / like.height, np.vstack([starts, np.ones(number)]), like)
    places = middle[:, None] + values[:2] * like.width
    criterion = squares + 3 * number * float(np.log(len(pixels.z)))
    owner, widths = np.full(number, pixels.owner[0]), np.full(number, like.width)
    return Bumps(owner, places[0], places[1], widths, values[2] * like.height), criterion


def _descended(away: Floats, heights: Floats, values: Floats, like: Shape) -> tuple[Floats, float]:
    """Least squares by Levenberg and Marquardt, in typical widths and heights: values, and the sum of squares."""
    number, damping = values.shape[1], 1e-3
    error = like.misfit / like.height
    pull = np.concatenate([np.zeros(2 * number), np.full(number, 1 / like.spread**2)])

    def left(trial: Floats) -> tuple[Floats, Floats, Floats, float]:
        apart = away[:, :, None] - trial[:2, None]
        each = np.exp(-(apart**2).sum(axis=0) / 2)
        misfit = (each @ trial[2] - heights) / error
        return apart, each, misfit, float(misfit @ misfit + (((trial[2] - 1) / like.spread) ** 2).sum())

    apart, each, misfit, squares = left(values)
    for _ in range(STEPS):
        slopes = np.hstack([*(each * values[2] * apart), each]) / error
        matrix = slopes.T @ slopes + np.diag(pull)
        downhill = slopes.T @ misfit + pull * (values - 1).ravel()
        step = np.linalg.solve(matrix + damping * np.diag(np.diag(matrix) + 1e-9), downhill).reshape(3, number)
        trial = left(values - step)
        if trial[3] < squares:
            values, (apart, each, misfit, squares), damping = values - step, trial, damping / 10
        else:
            damping *= 10
        if np.abs(step).max() < CLOSE:
            break
    return values, squares
