"""Grids of counts, in plain numpy."""

from __future__ import annotations

import numpy as np

STEPS = 20_000
NEAR = 1e-9
"""In cells: what is this near to a plane between two cells may belong to either."""


def near_planes(points, shape, lower, upper):
    """Which coordinates of (..., 3) points lie on a plane between two cells, as far as rounding can tell."""
    at = (points - np.asarray(lower)) / (np.asarray(upper) - lower) * shape
    return np.abs(at - np.round(at)) < NEAR


def passed(lines, shape, lower, upper):
    """Lines per cell, of the cells that hold one of many points along each line, points on planes left out."""
    counts = np.zeros(shape)
    size = (np.asarray(upper) - lower) / shape
    for row in lines:
        s = np.linspace(0, 1, STEPS)[:, None]
        points = row[1:4] + s * (row[4:7] - row[1:4])
        inside = ((points >= lower) & (points <= upper) & ~near_planes(points, shape, lower, upper)).all(axis=1)
        cells = np.minimum((points[inside] - lower) // size, np.array(shape) - 1).astype(int)
        seen = np.zeros(shape)
        seen[tuple(cells.T)] = 1
        counts += seen
    return counts


def gaussian_of_integrals(values):
    """Centre and width of the Gaussian whose integrals over three cells are in proportion to the values, by brentq;
    neither outer one nearly as large as the middle one."""
    from scipy.optimize import brentq
    from scipy.stats import norm

    before, middle, after = values

    def bands(mu, sigma):
        edges = np.array([-1.5, -0.5, 0.5, 1.5])
        below, above = norm.cdf(edges, mu, sigma), norm.sf(edges, mu, sigma)
        return np.where(edges[:3] < 0, np.diff(below), -np.diff(above))

    def width(mu):
        def excess(log_sigma):
            first, centre, last = bands(mu, np.exp(log_sigma))
            return first + last - centre * (before + after) / middle

        return np.exp(brentq(excess, -9, 9, xtol=1e-12))

    def asymmetry(mu):
        first, _, last = bands(mu, width(mu))
        return last * before - first * after

    centre = brentq(asymmetry, -0.499, 0.499, xtol=1e-12)
    return centre, width(centre)
