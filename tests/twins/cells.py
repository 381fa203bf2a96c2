"""How cells are found, in plain numpy with the movie at hand."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float64]
STEP = 0.6744897501960817 * np.sqrt(2)


def noise(movie: NDArray[Any]) -> tuple[Floats, Floats]:
    """Mean and noise of each pixel, over finite values in their order."""
    flat = movie.reshape(len(movie), -1).astype(float)
    mean, deviation = np.full((2, flat.shape[1]), np.nan)
    for place, values in enumerate(flat.T):
        finite = values[np.isfinite(values)]
        if finite.size:
            mean[place] = finite.mean()
        if finite.size > 1:
            deviation[place] = np.sqrt((np.diff(finite) ** 2).mean() / 2)
    return mean.reshape(movie.shape[1:]), deviation.reshape(movie.shape[1:])


def binned(movie: NDArray[Any], mean: Floats, deviation: Floats, factor: int, frames: int) -> Floats:
    """Bins (rows, columns, bins) of the grid, in units of their noise."""
    bins = len(movie) // frames
    rows, columns = (-(-length // factor) for length in movie.shape[1:])
    deviations = movie[: bins * frames] - mean
    sums = np.where(np.isfinite(deviations), deviations, 0).reshape(bins, frames, *mean.shape).sum(axis=1)
    known = np.isfinite(deviation) & (deviation > 0)
    found = np.zeros((rows, columns, bins))
    for row in range(rows):
        for column in range(columns):
            own = slice(row * factor, (row + 1) * factor), slice(column * factor, (column + 1) * factor)
            variance = (deviation[own][known[own]] ** 2).sum()
            if variance > 0:
                found[row, column] = (sums[:, own[0], own[1]] * known[own]).sum(axis=(1, 2)) / np.sqrt(
                    variance * frames
                )
    return found


def local_images(values: Floats, segment: int) -> tuple[Floats, Floats]:
    """Mean correlation of each pixel with its neighbours and its peak; values are (rows, columns, bins)."""
    rows, columns, bins = values.shape
    parts = [values[..., start : start + segment] for start in range(0, bins, segment)]
    level = np.concatenate([part - part.mean(axis=-1, keepdims=True) for part in parts], axis=-1)
    alike, peak = np.full((2, rows, columns), np.nan)
    for row in range(rows):
        for column in range(columns):
            own, found = level[row, column], []
            for r in range(max(row - 1, 0), min(row + 2, rows)):
                for c in range(max(column - 1, 0), min(column + 2, columns)):
                    size = np.sqrt((own**2).sum() * (level[r, c] ** 2).sum())
                    if (r, c) != (row, column) and size > 0:
                        found.append((own * level[r, c]).sum() / size)
            if found:
                alike[row, column] = np.mean(found)
            if (own**2).sum() > 0:
                peak[row, column] = own.max()
    return alike, peak


def high_passed(values: Floats, window: int) -> Floats:
    """Less the running mean over a window along the last axis, which is shorter at both ends."""
    found = np.empty_like(values)
    for place in range(values.shape[-1]):
        near = values[..., max(place - window // 2, 0) : place + window // 2 + 1]
        found[..., place] = values[..., place] - near.mean(axis=-1)
    return found


def bell(values: Floats, deviation: float) -> Floats:
    """Under a Gaussian that is cut off at three standard deviations, and scaled to what is there at edges."""
    sigma = (deviation, deviation, *[0] * (values.ndim - 2))
    weight = ndimage.gaussian_filter(np.ones(values.shape[:2]), deviation, mode="constant", truncate=3)
    found = ndimage.gaussian_filter(values, sigma, mode="constant", truncate=3)
    return found / weight.reshape(*weight.shape, *[1] * (values.ndim - 2))


def disc_filtered(values: Floats, diameter: float) -> Floats:
    return bell(values, 0.3 * diameter) - bell(values, 0.9 * diameter)


def level(course: Floats) -> tuple[float, float]:
    """Upper median, and the noise that the upper median of steps stands for."""
    steps = np.sort(np.abs(np.diff(course)))
    return float(np.sort(course)[course.size // 2]), float(steps[steps.size // 2]) / STEP


def activity(course: Floats) -> float:
    middle, deviation = level(course)
    if deviation <= 0:
        return 0.0
    excess = (np.maximum((course - middle) / deviation - 2, 0) ** 2).sum()
    return float((excess - course.size * 0.0057687) / np.sqrt(course.size * 0.006385))


def surroundings(values: Floats) -> Floats:
    """What a patch has besides the median of its pixels, as far as each follows it."""
    level = values - values.mean(axis=-1, keepdims=True)
    course = np.sort(level.reshape(-1, level.shape[-1]), axis=0)[level.shape[0] * level.shape[1] // 2]
    course = course - course.mean()
    return np.maximum(level @ course / (course**2).sum(), 0)[..., None] * course
