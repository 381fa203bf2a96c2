"""How cells are found, in plain numpy with the movie at hand."""

from __future__ import annotations

from dataclasses import dataclass
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


def active(course: Floats, rise: float) -> Floats:
    middle, deviation = level(course)
    return np.where(course - middle > rise * deviation, course - middle, 0.0)


def activity(course: Floats) -> float:
    middle, deviation = level(course)
    if deviation <= 0:
        return 0.0
    excess = (np.maximum((course - middle) / deviation - 2, 0) ** 2).sum()
    return float((excess - course.size * 0.0057687) / np.sqrt(course.size * 0.006385))


@dataclass
class Cell:
    """A footprint on the whole patch, of norm 1, and when it is active."""

    footprint: Floats
    window: tuple[slice, slice]
    course: Floats
    free: Floats


def shaped(values: Floats, window: tuple[slice, slice], course: Floats, seed: tuple[int, int] | None) -> Floats:
    """Footprint of a course in a window of a patch."""
    found = np.zeros(values.shape[:2])
    energy = (course**2).sum()
    if energy == 0:
        return found
    inside = np.zeros_like(found, dtype=bool)
    inside[window] = True
    weights = np.where(inside, values @ course / energy, 0)
    start = np.unravel_index(weights.argmax(), weights.shape) if seed is None else seed
    labels, _ = ndimage.label(weights > max(0.2 * weights.max(), 2.5 / np.sqrt(energy)))
    if labels[start]:
        found = np.where(labels == labels[start], weights, 0)
        found /= np.sqrt((found**2).sum())
    return found


def seen(values: Floats, footprint: Floats) -> Floats:
    return np.einsum("rc,rcb->b", footprint, values)


def seeds(residual: Floats, diameter: float) -> list[Cell]:
    """Cells one after another, taken away from the residual."""
    filtered = disc_filtered(residual, diameter)
    strengths = np.array([[activity(course) for course in row] for row in filtered])
    reach, found = int(np.ceil(0.9 * diameter)), []
    least = max(2, int(0.12 * np.pi / 4 * diameter**2))
    while strengths.max() > 10:
        row, column = (int(place) for place in np.unravel_index(strengths.argmax(), strengths.shape))
        window = tuple(slice(max(place - reach, 0), place + reach + 1) for place in (row, column))
        footprint = shaped(residual, window, active(filtered[row, column], 2), (row, column))
        for _ in range(4):
            footprint = shaped(residual, window, active(seen(residual, footprint), 1.5), None)
        if np.count_nonzero(footprint) < least:
            strengths[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2] = -np.inf
            continue
        free = seen(residual, footprint)
        residual -= footprint[..., None] * free
        filtered -= disc_filtered(footprint, diameter)[..., None] * free
        blocked = np.isneginf(strengths)
        strengths = np.array([[activity(course) for course in row] for row in filtered])
        strengths[blocked] = -np.inf
        found.append(Cell(footprint, window, active(free, 1.5), free))
    return found


def surroundings(values: Floats) -> Floats:
    """What a patch has besides the median of its pixels, as far as each follows it."""
    level = values - values.mean(axis=-1, keepdims=True)
    course = np.sort(level.reshape(-1, level.shape[-1]), axis=0)[level.shape[0] * level.shape[1] // 2]
    course = course - course.mean()
    return np.maximum(level @ course / (course**2).sum(), 0)[..., None] * course


def fitted(values: Floats, diameter: float) -> list[Cell]:
    """Cells of a patch (rows, columns, bins) that lie apart, so that none are merged."""
    around = surroundings(values)
    residual = values - values.mean(axis=-1, keepdims=True) - around
    cells: list[Cell] = []
    for _ in range(3):
        found = seeds(residual.copy(), diameter)
        if not found:
            break
        for cell in found:
            residual -= cell.footprint[..., None] * cell.course
        cells += found
        around = swept(cells, residual, around, 4)
    swept(cells, residual, around, 2)
    return cells


def swept(cells: list[Cell], residual: Floats, around: Floats, times: int) -> Floats:
    for _ in range(times):
        for cell in cells:
            residual += cell.footprint[..., None] * cell.course
            cell.footprint = shaped(residual, cell.window, cell.course, None)
            cell.free = seen(residual, cell.footprint)
            cell.course = active(cell.free, 1.5)
            residual -= cell.footprint[..., None] * cell.course
    residual += around
    residual -= residual.mean(axis=-1, keepdims=True)
    new = surroundings(residual)
    residual -= new
    return new
