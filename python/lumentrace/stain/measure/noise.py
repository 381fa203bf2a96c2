"""Noise of a difference of two images, from the pixels themselves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lumentrace.stain.measure.histograms import Histograms
from lumentrace.stain.measure.scale import Scale

LEAST = 200
"""Fewer pixels than this tell no spread."""
SURE = 1e4
"""More pixels than this count no more: what is wrong with the model is more than what is wrong with the spread."""
PLAIN = 1e-9
"""Variance of images that have none."""
BELOW = 0.15865
"""Share of a normal distribution that is smaller than its mean by one standard deviation and more."""


@dataclass(frozen=True)
class Noise:
    """Noise of a difference: its variance is `read` + `gain` times the level that was subtracted, and `least` at least.

    Cameras that add counts to all pixels have a negative `read`.
    """

    read: float
    gain: float
    least: float = 0.0

    def at(self, level: NDArray[np.float32]) -> NDArray[np.float32]:
        """Standard deviation at levels."""
        variance = np.float32(self.read) + np.float32(self.gain) * np.maximum(level, 0)
        return np.asarray(np.sqrt(np.maximum(variance, np.float32(self.least))))


def noise_of_difference(histograms: Histograms, scale: Scale) -> Noise:
    """Spread of pixels around what is subtracted, level by level.

    Levels whose darkest values are cut off at 0 tell nothing: a background of zeros has no spread, and the rim of the
    tissue beside it has.
    """
    tall, wide = histograms.most
    bins = histograms.joint.shape[0]
    width = tall / bins
    post = width * (np.arange(bins) + 0.5)
    levels = scale.value * np.arange(bins) * wide / bins + scale.offset
    found: list[tuple[float, float, float]] = []
    cut: list[tuple[float, float, float]] = []
    for level, counts in zip(levels, histograms.joint.T, strict=True):
        total = counts.sum()
        if total < LEAST:
            continue
        until = np.cumsum(counts)
        low, middle = (float(np.interp(share * total, until, post)) for share in (BELOW, 0.5))
        # Stain makes values larger: the spread is that of the side below the median.
        row = max(level, 0.0), max(middle - low, width / np.sqrt(12)) ** 2, float(total)
        (cut if until[0] > BELOW * total else found).append(row)
    if not found and not cut:
        return Noise(max(width**2 / 12, PLAIN), 0.0)
    return _fitted(np.array(found or cut), width**2 / 12)


def _fitted(measured: NDArray[np.float64], rounding: float) -> Noise:
    """A straight line through variances, which does not fall with the level; rows of level, variance and pixels."""
    level, variance, total = measured.T
    weights = np.minimum(total, SURE) / variance**2
    middle, mean = (float(np.average(each, weights=weights)) for each in (level, variance))
    about = level - middle
    spread = float(np.sum(weights * about**2))
    gain = max(float(np.sum(weights * about * variance)) / spread, 0.0) if spread > 0 else 0.0
    return Noise(mean - gain * middle, gain, max(float(variance.min()), rounding))
