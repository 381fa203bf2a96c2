"""Areas of moving discs in pixels, by counting many points."""

from __future__ import annotations

import itertools

import numpy as np


def inside(xy, start, end, radius):
    """Whether points are nearer than `radius` to the way from `start` to `end`."""
    way = np.subtract(end, start)
    square = way @ way
    s = np.clip((xy - start) @ way / square, 0, 1) if square > 0 else np.zeros(xy.shape[:-1])
    return np.linalg.norm(xy - start - s[..., None] * way, axis=-1) <= radius


def occupancy(points, shape, radius, xlim, ylim, fine=20, omit_last=False):
    """Time per pixel: of each way, its time in proportion to the points in each pixel."""
    nx, ny = shape[0] * fine, shape[1] * fine
    x = xlim[0] + (np.arange(nx) + 0.5) * (xlim[1] - xlim[0]) / nx
    y = ylim[0] + (np.arange(ny) + 0.5) * (ylim[1] - ylim[0]) / ny
    xy = np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1)
    total = np.zeros(shape)
    for number, (a, b) in enumerate(itertools.pairwise(points)):
        found = inside(xy, a[1:], b[1:], radius)
        density = (b[0] - a[0]) / found.sum()
        if omit_last and number == len(points) - 2:
            found &= ~inside(xy, b[1:], b[1:], radius)
        total += density * found.reshape(shape[0], fine, shape[1], fine).sum(axis=(1, 3))
    return total
