"""What is measured in movies, in plain numpy with the movie at hand."""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def region_means(frames: Floats, regions: list[NDArray[np.int64]]) -> Floats:
    return np.column_stack(
        [frames[:, own].mean(axis=1) if own.size else np.full(len(frames), np.nan) for own in regions]
    )


def traces(
    movie: NDArray[Any], regions: list[NDArray[np.int64]], background: str, dark: Any = None, stripes: Any = None
) -> tuple[Floats, Floats, Floats]:
    """Raw, background and corrected means (frames, regions)."""
    frames = movie.reshape(len(movie), -1).astype(float)
    raw = region_means(frames, regions)
    if background == "none":
        return raw, np.zeros_like(raw), raw
    if background == "global":
        level = frames[:, dark].mean(axis=1, keepdims=True)
        return raw, np.repeat(level, len(regions), axis=1), region_means(np.maximum(frames - level, 0), regions)
    if background == "local":
        levels = region_means(frames, dark)
        return raw, levels, raw - levels
    height, percent = stripes
    levels = np.empty_like(frames)
    step = height * movie.shape[2]
    for start in range(0, frames.shape[1], step):
        part = frames[:, start : start + step]
        levels[:, start : start + step] = np.percentile(part, percent, axis=1)[:, None]
    return raw, region_means(levels, regions), region_means(np.maximum(frames - levels, 0), regions)


def flooded(image: Floats, labels: NDArray[np.int32]) -> NDArray[np.int32]:
    """Labels grown from the highest pixels down; among equal ones the lower label, row and column first."""
    found = labels.copy()
    rows, columns = found.shape
    waiting = [(-image[row, column], found[row, column], row, column) for row, column in np.argwhere(found)]
    heapq.heapify(waiting)
    while waiting:
        _, label, row, column = heapq.heappop(waiting)
        for r in range(max(row - 1, 0), min(row + 2, rows)):
            for c in range(max(column - 1, 0), min(column + 2, columns)):
                if not found[r, c]:
                    found[r, c] = label
                    heapq.heappush(waiting, (-image[r, c], label, r, c))
    return found


def smooth_least_squares(
    design: Floats, y: Floats, parts: list[NDArray[np.int64]], streams: int, weights: tuple[float, ...]
) -> Floats:
    """The penalised fit whose weight predicts each part best from the others, sample by sample."""
    lags = design.shape[1] // streams
    bend = np.diff(np.eye(lags), n=2, axis=0)
    x = design - design.mean(axis=0)
    penalty = (x**2).sum() / design.shape[1] * np.kron(np.eye(streams), bend.T @ bend)

    def fit(x: Floats, y: Floats, weight: float) -> Floats:
        return np.linalg.solve(x.T @ x + weight * penalty, x.T @ y)

    losses = []
    for weight in weights:
        loss = 0.0
        for part in parts:
            rest = np.setdiff1d(np.arange(len(y)), part)
            center, level = design[rest].mean(axis=0), y[rest].mean(axis=0)
            found = fit(design[rest] - center, y[rest] - level, weight)
            loss += float(((y[part] - level - (design[part] - center) @ found) ** 2).sum())
        losses.append(loss)
    return fit(x, y - y.mean(axis=0), weights[int(np.argmin(losses))])
