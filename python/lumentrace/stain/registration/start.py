"""Where to begin: all angles, both sides, some sizes, all shifts, by correlating small images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from lumentrace.engine.progress import each

Image = NDArray[np.float32]

SMALL = 112
"""Longest side of the images that are correlated."""
STEP = 6.0
"""Degrees between angles that are tried."""
SIZES = (0.85, 1.18)
"""Magnifications that are tried beside 1."""
LEAST_SHARE = 0.2
"""Share of the fixed image that must be in both."""


@dataclass(frozen=True)
class Start:
    """A rough map from fixed to moving pixels of small images.

    Attributes
    ----------
    matrix : ndarray
        (3, 3)
    score : float
        Correlation, -1 to 1.
    mirrored : bool
    """

    matrix: NDArray[np.float64]
    score: float
    mirrored: bool


@dataclass(frozen=True)
class _Fixed:
    """Spectra of the fixed image, its square and its footprint."""

    size: tuple[int, int]
    shape: tuple[int, int]
    value: NDArray[np.complex64]
    square: NDArray[np.complex64]
    inside: NDArray[np.complex64]


def correlate(
    fixed: Image, moving: Image, angles: Sequence[float], sizes: Sequence[float], mirrors: Sequence[bool]
) -> list[Start]:
    """The best shift for each angle, size and side, the best first."""
    side = fft.next_fast_len(int(3 * max(*fixed.shape, *moving.shape)), real=True)
    shape = (side, side)
    images = _even(fixed), _even(fixed) ** 2, np.isfinite(fixed).astype(np.float32)
    target = _Fixed((fixed.shape[0], fixed.shape[1]), shape, *(fft.rfft2(image, shape, workers=2) for image in images))
    tried = list(product(mirrors, sizes, angles))
    found = [
        _best(target, moving, _turned(fixed.shape, moving.shape, angle, size, mirrored), mirrored)
        for mirrored, size, angle in each(tried)
    ]
    return sorted(found, key=lambda start: -start.score)


def _even(image: Image) -> Image:
    return np.nan_to_num(image, nan=0.0)


def _turned(
    fixed: tuple[int, ...], moving: tuple[int, ...], angle: float, size: float, mirrored: bool
) -> NDArray[np.float64]:
    """From the grid that the moving image is turned onto to its own pixels: about both centres."""
    cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    linear = size * np.array([[cosine, -sine], [sine, cosine]])
    if mirrored:
        linear = np.diag([-1.0, 1.0]) @ linear
    centre = (np.array(moving[::-1]) - 1) / 2
    middle = (np.array(fixed[::-1]) - 1) / 2
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    matrix[:2, 2] = centre - linear @ middle
    return matrix


def _best(fixed: _Fixed, moving: Image, turned: NDArray[np.float64], mirrored: bool) -> Start:
    """Normalised correlation over what both have, at all shifts; the best of them."""
    margin = max(moving.shape) // 2
    place = np.eye(3)
    place[:2, 2] = -margin
    matrix = turned @ place
    span = (fixed.size[0] + 2 * margin, fixed.size[1] + 2 * margin)
    values = ndimage.affine_transform(
        _even(moving), matrix[:2, :2][::-1, ::-1], matrix[:2, 2][::-1], span, order=1, cval=np.nan
    )
    known = np.isfinite(values)
    values = np.where(known, values, np.float32(0))
    images = values, values**2, known.astype(np.float32)
    value, square, inside = (np.conj(fft.rfft2(image, fixed.shape, workers=2)) for image in images)
    both, squares, others, count = (
        fft.irfft2(spectrum, fixed.shape, workers=2)
        for spectrum in (fixed.value * value, fixed.square * inside, fixed.inside * square, fixed.inside * inside)
    )
    share = np.clip(count / (fixed.size[0] * fixed.size[1]), 0, 1)
    score = both / np.sqrt(np.maximum(squares, 1e-9) * np.maximum(others, 1e-9)) * np.sqrt(share)
    score[share < LEAST_SHARE] = -1
    row, column = np.unravel_index(int(score.argmax()), score.shape)
    # The correlation at (row, column) compares fixed (y + row, x + column) with the turned image at (y, x).
    back = np.eye(3)
    back[:2, 2] = [
        -((each + length // 2) % length - length // 2) for each, length in zip((column, row), fixed.shape, strict=True)
    ]
    return Start(matrix @ back, float(score[row, column]), mirrored)
