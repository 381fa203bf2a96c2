"""Grids of counts, in plain numpy."""

from __future__ import annotations

import numpy as np

STEPS = 20_000


def passed(lines, shape, lower, upper):
    """Lines per cell, of the cells that hold one of many points along each line."""
    counts = np.zeros(shape)
    size = (np.asarray(upper) - lower) / shape
    for row in lines:
        s = np.linspace(0, 1, STEPS)[:, None]
        points = row[1:4] + s * (row[4:7] - row[1:4])
        inside = ((points >= lower) & (points <= upper)).all(axis=1)
        cells = np.minimum((points[inside] - lower) // size, np.array(shape) - 1).astype(int)
        counts[tuple(np.unique(cells, axis=0).T)] += 1
    return counts
