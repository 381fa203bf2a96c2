"""Gaussians fitted to the pixels of objects, and what they add to each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

ROUNDS = 3
"""Fits of the logarithm, each with the weights of the one before."""
FAR, WIDE = 2.0, 3.0
"""Greatest distance of a Gaussian from the middle of its pixels, and greatest standard deviation, in radii of a disk as
large as these: down to half of its height a Gaussian has 0 and 0.85, half of one 0.4 and 1.2."""
REACH = 4.0
"""Standard deviations as far as a flank goes: there is less than a thousandth of the height beyond."""


@dataclass(frozen=True)
class Pixels:
    """The pixels of all bumps of a film.

    Attributes
    ----------
    owner, frame : ndarray of int
        Number of the bump of each, in order, and its frame.
    x, y, z : ndarray
        Place in pixels, and height above the ground.
    """

    owner: Integers
    frame: Integers
    x: Floats
    y: Floats
    z: Floats

    def of(self, start: int, end: int) -> Pixels:
        """Those from one on to another."""
        part = slice(start, end)
        return Pixels(*(values[part] for values in vars(self).values()))


@dataclass(frozen=True)
class Bumps:
    """Gaussians: object, place and standard deviation in pixels, and height of each; NaN where none fits."""

    owner: Integers
    x: Floats
    y: Floats
    width: Floats
    height: Floats

    @property
    def volume(self) -> Floats:
        """Height times squared width; the factor 2 pi is left out."""
        return self.height * self.width**2


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
        radius = np.sqrt(members / np.pi)
        far = np.hypot(along, down) * variance > FAR * radius
        wrong = far | ~(np.sqrt(variance) < WIDE * radius) | ~np.isfinite(height)
    fits = (middle_x + along * variance, middle_y + down * variance, np.sqrt(variance), height)
    return Bumps(np.arange(count), *(np.where(wrong, np.nan, values) for values in fits))


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


def modelled(pixels: Pixels, bumps: Bumps) -> Floats:
    """The height of each pixel as the bumps of its own object have it."""
    first, end = (np.searchsorted(pixels.owner, bumps.owner, side) for side in ("left", "right"))
    members = end - first
    bump = np.repeat(np.arange(len(members)), members)
    pixel = np.arange(len(bump)) + np.repeat(first - np.cumsum(members) + members, members)
    x, y, width, height = (values[bump] for values in (bumps.x, bumps.y, bumps.width, bumps.height))
    squares = (pixels.x[pixel] - x) ** 2 + (pixels.y[pixel] - y) ** 2
    heights: Floats = np.nan_to_num(height * np.exp(-squares / (2 * width**2)))
    return np.asarray(np.bincount(pixel, heights, len(pixels.x)), dtype=np.float64)


def flanks(pixels: Pixels, bumps: Bumps) -> Floats:
    """What the bumps of other objects of the frame add to the height of each pixel."""
    x, y = pixels.x.astype(int), pixels.y.astype(int)
    shape = (int(y.max(initial=0)) + 1, int(x.max(initial=0)) + 1)
    added = np.zeros(len(x))
    frame_of = pixels.frame[np.searchsorted(pixels.owner, bumps.owner)]
    for frame in np.unique(pixels.frame):
        here = slice(*np.searchsorted(pixels.frame, (frame, frame + 1)))
        added[here] = _painted(bumps, np.flatnonzero(frame_of == frame), shape)[y[here], x[here]]
    return np.asarray(added - modelled(pixels, bumps))


def _painted(bumps: Bumps, numbers: Integers, shape: tuple[int, int]) -> Floats:
    """Some of the bumps in an image."""
    image = np.zeros(shape)
    for x, y, width, height in zip(
        *(values[numbers].tolist() for values in (bumps.x, bumps.y, bumps.width, bumps.height)), strict=True
    ):
        if not np.isfinite(width):
            continue
        (top, bottom), (left, right) = (
            (max(int(place - REACH * width), 0), max(int(place + REACH * width) + 2, 0)) for place in (y, x)
        )
        part = image[top:bottom, left:right]
        down, along = (
            np.exp(-((np.arange(size) + first - place) ** 2) / (2 * width**2))
            for size, first, place in ((part.shape[0], top, y), (part.shape[1], left, x))
        )
        part += height * down[:, None] * along
    return image
