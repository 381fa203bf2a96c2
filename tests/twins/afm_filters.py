"""AFM filters in plain numpy and scipy, one frame at a time; `background` says which pixels take part."""

from __future__ import annotations

import numpy as np
from scipy import ndimage


def row_median_align(frame: np.ndarray, background: np.ndarray) -> np.ndarray:
    out = frame.copy()
    for row, used in enumerate(background):
        if used.any():
            out[row] -= np.median(out[row, used])
    return out


def polynomial_flatten(frame: np.ndarray, background: np.ndarray, order: int) -> np.ndarray:
    y, x = (axis / length for axis, length in zip(np.indices(frame.shape), frame.shape, strict=True))
    terms = np.stack([x**i * y**j for i in range(order + 1) for j in range(order + 1 - i)], axis=-1)
    found, *_ = np.linalg.lstsq(terms[background], frame[background], rcond=None)
    return frame - terms @ found


def line_polynomial(frame: np.ndarray, background: np.ndarray, order: int) -> np.ndarray:
    out = frame.copy()
    x = np.linspace(-1, 1, frame.shape[1])
    for row, used in enumerate(background):
        if used.sum() > order:
            out[row] -= np.polynomial.Polynomial.fit(x[used], out[row, used], order)(x)
    return out


def match_lines(frame: np.ndarray, background: np.ndarray) -> np.ndarray:
    shifts = [0.0]
    for row in range(1, len(frame)):
        both = background[row] & background[row - 1]
        step = np.median(frame[row][both] - frame[row - 1][both]) if both.any() else 0.0
        shifts.append(shifts[-1] + step)
    return frame - (np.array(shifts) - np.mean(shifts))[:, None]


def iterative_flatten(frame: np.ndarray, background: np.ndarray, order: int, factor: float, both: bool) -> np.ndarray:
    used = background.copy()
    for _ in range(20):
        level = polynomial_flatten(frame, used, order)
        middle = np.median(level[used])
        limit = factor * 1.4826 * np.median(np.abs(level[used] - middle))
        above = level - middle
        kept = background & ((np.abs(above) if both else above) <= limit)
        if (kept == used).all():
            break
        used = kept
    return polynomial_flatten(frame, used, order)


def gaussian_filter(frame: np.ndarray, background: np.ndarray, sigma: float) -> np.ndarray:
    finite = np.isfinite(frame)
    if finite.all():
        return ndimage.gaussian_filter(frame, sigma)
    weights = ndimage.gaussian_filter(finite.astype(float), sigma)
    smooth = ndimage.gaussian_filter(np.where(finite, frame, 0.0), sigma)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(finite, smooth / weights, frame)
