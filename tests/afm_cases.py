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
