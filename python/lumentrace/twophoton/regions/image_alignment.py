"""The map between mean images of two sessions."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core

Floats = NDArray[np.float64]
Image = NDArray[np.float32]
Transform = Literal["translation", "affine"]

BROAD = 15.0
"""Standard deviation in pixels of what is taken for background."""
STEPS = 60
TOLERANCE = 1e-4


def aligned_map(first: NDArray[Any], second: NDArray[Any], transform: Transform) -> tuple[Floats, float]:
    """Matrix (3, 3) from (x, y, 1) of the first image to the second one, and their correlation after it.

    A shift by whole pixels from the correlation at all shifts, refined by the largest correlation coefficient.

    Raises
    ------
    ValueError
        If an image does not vary, or they do not fit each other anywhere.

    References
    ----------
    Evangelidis, G. D. and Psarakis, E. Z.: Parametric image alignment using enhanced correlation coefficient
    maximization. IEEE Trans. Pattern Anal. Mach. Intell. 30 (2008) 1858.
    """
    still, moving = _prepared("first_image", first), _prepared("second_image", second)
    down, across = _shift(still, moving)
    start = [1.0, 0.0, float(across), 0.0, 1.0, float(down), 0.0, 0.0, 1.0]
    found, correlation, *_ = _core.align_images(still, moving, start, transform, STEPS, TOLERANCE, False)
    matrix = found.reshape(3, 3)
    if not np.isfinite(matrix).all() or not np.isfinite(correlation) or abs(np.linalg.det(matrix)) < 0.25:
        raise ValueError("`second_image`: expected an image of the same field as `first_image`, found no alignment")
    return matrix, float(correlation)


def _prepared(name: str, image: NDArray[Any]) -> Image:
    """Without background; NaN counts as background."""
    from scipy import ndimage

    values = np.require(image, np.float64, ["C", "A"])
    if values.ndim != 2 or min(values.shape, default=0) < 8:
        raise ValueError(f"`{name}`: expected an image of 8 rows and columns at least, found shape {values.shape}")
    known = np.isfinite(values)
    size = np.abs(values[known]).max(initial=0.0)
    scaled = values / size if size > 0 else values
    level = float(np.median(scaled[known])) if known.any() else 0.0
    filled = np.where(known, scaled, level)
    if not np.ptp(filled) > 0:
        raise ValueError(f"`{name}`: expected an image that varies, found one value")
    fine = ndimage.gaussian_filter(filled, 1.0) - ndimage.gaussian_filter(filled, BROAD)
    spread = fine.std()
    return np.ascontiguousarray(fine / spread if spread > 0 else fine, dtype=np.float32)


def _shift(still: Image, moving: Image) -> tuple[int, int]:
    """Rows and columns by which what the first image shows lies further on in the second one."""
    from scipy import fft

    shape = [fft.next_fast_len(a + b, real=True) for a, b in zip(still.shape, moving.shape, strict=True)]
    product = fft.rfft2(moving, shape) * np.conj(fft.rfft2(still, shape))
    peak = np.unravel_index(int(fft.irfft2(product, shape).argmax()), shape)
    longest = moving.shape
    down, across = (int(p) if p < most else int(p) - n for p, n, most in zip(peak, shape, longest, strict=True))
    return down, across
