"""Images made ready for registration: smaller, of even noise, without what varies slowly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lumentrace import _core

Image = NDArray[np.float32]

LONGEST = 2400
"""Longest side of the images that are aligned, in pixels."""
SHORTEST = 48
"""Shorter side of the smallest image of a pyramid."""
BROAD = 12
"""Half the width in pixels over which small images are flattened."""
NARROW = 5
"""The same for the largest images: fine texture says most about where things are."""
SOFT = 0.1
"""Share of the bright level that is added before the square root."""


def factor(shape: tuple[int, ...], longest: int = LONGEST) -> int:
    """By how much an image is reduced so that its longest side fits."""
    return max(1, -(-max(shape) // longest))


def reduced(image: NDArray[np.generic], by: int) -> Image:
    """Means of squares of pixels, as float32."""
    if by == 1 and image.dtype == np.float32:
        return np.ascontiguousarray(image)
    return _core.reduce_image(np.ascontiguousarray(image), by)


def evened(image: Image) -> Image:
    """The square root, so that noise that grows with the signal is the same everywhere; NaN stays."""
    finite = image[np.isfinite(image)]
    low, high = (float(value) for value in np.percentile(finite, [1, 99])) if finite.size else (0.0, 0.0)
    soft = SOFT * (high - low)
    return np.asarray(np.sqrt(np.maximum(image - np.float32(low), 0) + np.float32(soft)), dtype=np.float32)


def flattened(image: Image, smooth: float, broad: int = BROAD) -> Image:
    """What varies within some pixels: the image after a Gaussian, less its surroundings; NaN stays."""
    known = np.isfinite(image)
    whole = bool(known.all())
    filled = image if whole else np.where(known, image, np.float32(0))
    fine = ndimage.gaussian_filter(filled, smooth, truncate=3) if smooth else filled
    coarse = _boxed(filled, broad)
    if whole:
        return np.asarray(fine - coarse, dtype=np.float32)
    weight = known.astype(np.float32)
    fine /= np.maximum(ndimage.gaussian_filter(weight, smooth, truncate=3), 1e-3) if smooth else 1
    coarse /= np.maximum(_boxed(weight, broad), 1e-3)
    return np.where(known, fine - coarse, np.float32(np.nan))


def _boxed(image: Image, broad: int) -> Image:
    width = 2 * broad + 1
    return np.asarray(ndimage.uniform_filter(ndimage.uniform_filter(image, width), width))


@dataclass(frozen=True)
class Level:
    """Both images at one size.

    Attributes
    ----------
    factor : int
        By how much they are reduced.
    fixed, moving : ndarray of float32
        Flattened.
    """

    factor: int
    fixed: Image
    moving: Image


def matrix_at(matrix: NDArray[np.float64], by: float) -> NDArray[np.float64]:
    """A map of full-size coordinates as one between images reduced by a factor."""
    scale = np.array([[1 / by, 0, 0.5 / by - 0.5], [0, 1 / by, 0.5 / by - 0.5], [0, 0, 1]])
    found = scale @ matrix @ np.linalg.inv(scale)
    return np.asarray(found / found[2, 2])


def matrix_from(matrix: NDArray[np.float64], by: float) -> NDArray[np.float64]:
    """A map between images reduced by a factor as one of full-size coordinates."""
    return matrix_at(matrix, 1 / by)
