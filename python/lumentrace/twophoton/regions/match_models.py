"""Which of two regions that are close to each other are one cell: two distributions, estimated from all such pairs.

Sheintuch, L. et al.: Tracking the same neurons across multiple days in Ca2+ imaging data. Cell Rep. 21 (2017) 1102.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

GRID = 512
"""Points on which densities of distances are brought to an integral of 1."""
ROUNDS = 500
SETTLED = 1e-8
LEAST_SHARE = 1e-4
"""Of either kind of pairs, so that no probability is 0 or 1 before the pair is looked at."""
TINY = 1e-300
LEAST_VARIANCE = 1e-5


def by_distance(distance: Floats, longest: float) -> Floats:
    """Probability of each pair to be one cell by the distance of its centres.

    Those of one cell follow a Weibull distribution (k = 2 for errors of equal variance along both axes), those of
    different cells d / (1 + exp(-(d - d0) / s)): as many as there is room, but for those too close to be two. Share and
    parameters are those of the largest likelihood. Probabilities do not rise with the distance.

    Parameters
    ----------
    distance : ndarray
        (pairs,) pixels, below `longest`.
    longest : float
        Pixels up to which all pairs are given.

    Returns
    -------
    ndarray
        (pairs,)
    """
    from scipy.optimize import minimize

    step = longest / GRID
    grid: Floats = np.linspace(step / 2, longest - step / 2, GRID, dtype=np.float64)
    apart = np.maximum(distance, step / 2)

    def parts(parameters: Floats, at: Floats) -> tuple[Floats, Floats]:
        share = LEAST_SHARE + (1 - 2 * LEAST_SHARE) / (1 + np.exp(-parameters[0]))
        size, shape, middle, width = np.exp(parameters[1:])
        found = []
        for density, pair in ((_weibull, (size, shape)), (_apart, (middle, width))):
            found.append(density(at, *pair) / max(float(density(grid, *pair).sum()) * step, TINY))
        return share * found[0], (1 - share) * found[1]

    def loss(parameters: Floats) -> float:
        same, other = parts(parameters, apart)
        return -float(np.log(np.maximum(same + other, TINY)).mean())

    start = np.array([0.0, *np.log([longest / 6, 2.0, longest / 2, longest / 10])])
    bounds = [(-8, 8), *(tuple(np.log(pair)) for pair in _limits(longest))]
    best = minimize(loss, start, method="L-BFGS-B", bounds=bounds)
    same, other = parts(best.x, apart)
    return _falling(np.divide(same, np.maximum(same + other, TINY)), distance)


def _limits(longest: float) -> list[tuple[float, float]]:
    """Of size and shape of the one distribution, middle and width of the other."""
    return [(longest / 100, longest), (1.5, 3.0), (longest / 20, longest), (longest / 100, longest / 4)]


def _weibull(d: Floats, size: float, shape: float) -> Floats:
    return np.asarray((d / size) ** (shape - 1) * np.exp(-((d / size) ** shape)))


def _apart(d: Floats, middle: float, width: float) -> Floats:
    return np.asarray(d / (1 + np.exp(-np.clip((d - middle) / width, -50, 50))))


def by_overlap(overlap: Floats) -> Floats:
    """Probability of each pair to be one cell by the overlap of its footprints.

    Those of one cell overlap; those of different cells have a share that does not. The overlaps of the others follow
    two beta distributions, by expectation-maximisation with moments. Probabilities do not fall with the overlap.

    Parameters
    ----------
    overlap : ndarray
        (pairs,): 0 to 1.

    Returns
    -------
    ndarray
        (pairs,): 0 for those without overlap.
    """
    found, touching = np.zeros(overlap.shape), overlap > 0
    if not touching.any():
        return found
    inner = np.clip(overlap[touching], 1e-3, 1 - 1e-3)
    same = np.where(inner > 0.5, 0.9, 0.1)
    for _ in range(ROUNDS):
        share = np.clip(same.mean(), LEAST_SHARE, 1 - LEAST_SHARE)
        one, other = share * _beta(inner, same), (1 - share) * _beta(inner, 1 - same)
        before, same = same, one / np.maximum(one + other, TINY)
        if np.abs(same - before).max() < SETTLED:
            break
    found[touching] = _falling(same, -inner)
    return found


def _beta(values: Floats, weight: Floats) -> Floats:
    """Density at each value of the beta distribution with the mean and variance of the weighted values."""
    from scipy.stats import beta

    total = max(weight.sum(), TINY)
    mean = np.clip((weight * values).sum() / total, 1e-3, 1 - 1e-3)
    variance = np.clip((weight * (values - mean) ** 2).sum() / total, LEAST_VARIANCE, 0.99 * mean * (1 - mean))
    size = mean * (1 - mean) / variance - 1
    return np.asarray(beta.pdf(values, mean * size, (1 - mean) * size))


def _falling(values: Floats, along: Floats) -> Floats:
    """The least values that are no smaller and do not rise along something."""
    order = np.argsort(along, kind="stable")
    found = np.empty_like(values)
    found[order] = np.maximum.accumulate(values[order][::-1])[::-1]
    return found
