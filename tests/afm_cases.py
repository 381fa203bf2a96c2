"""Simulated AFM movies, and pipelines run on them."""

from __future__ import annotations

from typing import Any

import numpy as np

from lumentrace.afm import AFMImageStack, AnalysisPipeline


def movie(frames: int = 6, particles: int = 8, seed: int = 0, size: int = 96) -> tuple[np.ndarray, np.ndarray]:
    """Gaussian particles that wander, and where they are: (frames, height, width), (frames, particles, 2)."""
    random = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(*[np.linspace(14, size - 14, 4)] * 2, indexing="ij"), axis=-1).reshape(-1, 2)
    start = grid[random.permutation(len(grid))[:particles]]
    places = start + np.cumsum(random.normal(0, 0.8, (frames, particles, 2)), axis=0)
    y, x = np.indices((size, size))
    images = random.normal(0, 0.1, (frames, size, size))
    for frame, own in enumerate(places):
        for row, column in own:
            images[frame] += 5 * np.exp(-((y - row) ** 2 + (x - column) ** 2) / 18)
    return images, places


def stacked(images: np.ndarray, **settings: Any) -> AFMImageStack:
    metadata = [{"timestamp": 0.5 * frame} for frame in range(len(images))]
    return AFMImageStack(images, settings.pop("pixel_size_nm", 2.0), "height_trace", "movie.asd", metadata)


def run(stack: AFMImageStack, *steps: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    pipeline = AnalysisPipeline()
    for name, params in steps:
        pipeline.add(name, **params)
    return pipeline.run(stack)


DETECT = ("feature_detection", {"mask_fn": "mask_threshold", "threshold": 1.0})


def drifting(frames: int = 5, size: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """Shifted views of one large scene, and by how much the scene moves."""
    random = np.random.default_rng(3)
    from scipy import ndimage

    scene = ndimage.gaussian_filter(random.normal(0, 1, (2 * size, 2 * size)), 2) * 10
    moves = np.cumsum(random.integers(-2, 3, (frames, 2)), axis=0)
    moves -= moves[0]
    start = size // 2
    views = [scene[start - dy : start - dy + size, start - dx : start - dx + size] for dy, dx in moves]
    return np.stack(views), moves
