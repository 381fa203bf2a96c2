"""Registration and subtraction in plain numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float64]


def project(matrix: Floats, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    depth = matrix[2, 0] * x + matrix[2, 1] * y + matrix[2, 2]
    return (
        (matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2]) / depth,
        (matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]) / depth,
    )


def linear(image: Floats, x: Floats, y: Floats) -> Floats:
    """Linear interpolation; NaN outside."""
    height, width = image.shape
    inside = (x >= 0) & (y >= 0) & (x <= width - 1) & (y <= height - 1)
    found = ndimage.map_coordinates(image.astype(float), [np.where(inside, y, 0), np.where(inside, x, 0)], order=1)
    return np.where(inside, found, np.nan)


def kernel_at(image: Floats, x: float, y: float, kernel: Any, before: int, taps: int) -> float:
    """A weighted mean of pixels around a place."""
    column, row = int(np.floor(x)), int(np.floor(y))
    places = np.arange(taps) - before
    across, down = kernel(places - (x - column)), kernel(places - (y - row))
    part = image[row - before : row - before + taps, column - before : column - before + taps]
    return float(down / down.sum() @ part @ (across / across.sum()))


def keys(t: Floats) -> Floats:
    """Keys' cubic kernel with a = -1/2."""
    t = np.abs(t)
    near, far = 1.5 * t**3 - 2.5 * t**2 + 1, -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2
    return np.where(t <= 1, near, np.where(t < 2, far, 0.0))


def smooth(t: Floats, sigma: float = 1.08) -> Floats:
    """A Gaussian G as 2.85G - 2.55GG + 0.7GGG."""

    def gauss(times: float) -> Floats:
        return np.exp(-0.5 * t**2 / (times * sigma**2)) / np.sqrt(times * sigma**2)

    return 2.85 * gauss(1) - 2.55 * gauss(2) + 0.7 * gauss(3)


def reduce(image: Floats, factor: int) -> Floats:
    high, wide = (length // factor for length in image.shape)
    squares = image[: high * factor, : wide * factor].reshape(high, factor, wide, factor)
    known = np.isfinite(squares).sum(axis=(1, 3))
    total = np.nansum(squares, axis=(1, 3))
    return np.where(2 * known >= factor**2, total / np.maximum(known, 1), np.nan)


def ecc_step(fixed: Floats, moving: Floats, matrix: Floats, model: str) -> Floats:
    """The matrix after one step of the enhanced correlation coefficient."""
    height, width = fixed.shape
    y, x = np.mgrid[0:height, 0:width].astype(float)
    gradient = np.full((2, *moving.shape), np.nan)
    gradient[0, :, 1:-1] = (moving[:, 2:] - moving[:, :-2]) / 2
    gradient[1, 1:-1] = (moving[2:] - moving[:-2]) / 2
    usable = np.isfinite(gradient).all(axis=0) & np.isfinite(moving)
    held = np.where(usable, moving, np.nan)
    u, v = project(matrix, x, y)
    inside = (u < moving.shape[1] - 1) & (v < moving.shape[0] - 1)
    value, gx, gy = (linear(np.where(usable, image, np.nan), u, v) for image in (held, *gradient))
    known = np.isfinite(value + gx + gy + fixed) & inside
    depth = matrix[2, 0] * x + matrix[2, 1] * y + matrix[2, 2]
    a, b = gx / depth, gy / depth
    c = -(a * u + b * v)
    columns = {
        "translation": [a, b],
        "affine": [a * x, a * y, a, b * x, b * y, b],
        "homography": [a * x, a * y, a, b * x, b * y, b, c * x, c * y],
    }[model]
    jacobian = np.stack([column[known] for column in columns], axis=1)
    jacobian -= jacobian.mean(axis=0)
    still, moved = fixed[known] - fixed[known].mean(), value[known] - value[known].mean()
    # Pixels far from the origin make some columns much longer than others.
    sizes = np.linalg.norm(jacobian, axis=0)
    basis, _ = np.linalg.qr(jacobian / sizes)
    along = lambda values: basis @ (basis.T @ values)  # noqa: E731  # reads as the projection of the paper
    gain = (moved @ moved - moved @ along(moved)) / (still @ moved - still @ along(moved))
    step = np.linalg.lstsq(jacobian / sizes, gain * still - moved, rcond=None)[0] / sizes
    places = {"translation": [2, 5], "affine": list(range(6)), "homography": list(range(8))}[model]
    out = matrix.ravel().copy()
    out[places] += step
    return out.reshape(3, 3)


def correlation(fixed: Floats, moving: Floats) -> float:
    known = np.isfinite(fixed) & np.isfinite(moving)
    return float(np.corrcoef(fixed[known], moving[known])[0, 1])


def spots(height: Floats, values: Floats, low: float, high: float, least: int) -> list[list[float]]:
    """x, y, area, sum, peak, left, top, right, bottom of connected pixels, from scipy's labels."""
    labels, number = ndimage.label(height >= low, structure=np.ones((3, 3)))
    rows = []
    for label in range(1, number + 1):
        y, x = np.nonzero(labels == label)
        own, peak = values[y, x], height[y, x].max()
        if peak < high or len(y) < least:
            continue
        weight = np.maximum(own, 0)
        rows.append(
            [
                float(weight @ x / weight.sum()),
                float(weight @ y / weight.sum()),
                len(y),
                float(own.sum()),
                float(peak),
                int(x.min()),
                int(y.min()),
                int(x.max()) + 1,
                int(y.max()) + 1,
            ]
        )
    return rows
