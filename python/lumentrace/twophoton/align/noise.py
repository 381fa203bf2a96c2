"""The noise of the photons of a movie: how the variance of pixels grows with their light."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lumentrace.twophoton.align.films import Film

Floats = NDArray[np.float64]

PAIRS = 16
LEVELS = 24
"""Classes of brightness."""
SQUARES = 36.0
"""Sum of the squares of what second differences along rows and columns multiply pixels by."""
USUAL = 1.0
"""Logarithm of the ratio to which the noise of pairs of frames differs from the median."""
TINY = float(np.finfo(float).tiny)
DARKEST = 0.02
"""Share of pixels that are darker than what pixels without light may be."""


@dataclass(frozen=True)
class Noise:
    """The variance of a pixel is ``gain * (value - zero)``.

    Attributes
    ----------
    gain : float
        Counts per photon, if nothing but the noise of photons is there.
    zero : float
        Counts without light, less what the electronics add to the variance.
    """

    gain: float
    zero: float


def photon_noise(film: Film, full: float) -> Noise:
    """Gain and zero from differences of frames that follow each other.

    Second differences along rows and columns (Immerkaer 1996, doi:10.1006/cviu.1996.0060) take out what is left of
    structure where the sample moved between the two. Their mean square is fitted against the mean of both frames. Pairs
    with far more of it than others, or far less, are left out.

    Parameters
    ----------
    film : Film
    full : float
        Value of saturated pixels.
    """
    count = film.shape[0]
    starts = np.unique(np.linspace(0, max(count - 2, 0), PAIRS).astype(int))
    found = [_levels(film.read(int(start), min(int(start) + 2, count)), full) for start in starts]
    known = [level for level in found if level is not None]
    if not known:
        return Noise(1.0, 0.0)
    means = np.array([variance.mean() for _, variance in known])
    usual = np.abs(np.log(np.maximum(means, TINY) / max(float(np.median(means)), TINY))) < USUAL
    kept = [level for level, own in zip(known, usual, strict=True) if own]
    return _fitted(*(np.concatenate(values) for values in zip(*kept, strict=True)))


def _levels(frames: NDArray[np.generic], full: float) -> tuple[Floats, Floats] | None:
    """Mean values and variances of pixels of each class of brightness; None if nothing can be told."""
    own = frames.astype(np.float64)
    usable = np.asarray((np.isfinite(own) & (own < full)).all(axis=0))
    if usable.mean() < 0.5:
        return None
    own[:, ~usable] = own[:, usable].mean()
    change = (own[1] - own[0]) / np.sqrt(2) if len(own) > 1 else own[0]
    square = np.diff(np.diff(change, 2, axis=0), 2, axis=1) ** 2 / SQUARES
    mean = ndimage.uniform_filter(own.mean(axis=0), 3)
    inner = usable[2:-2, 2:-2]
    light, square = mean[2:-2, 2:-2][inner], square[1:-1, 1:-1][inner]
    edges = np.linspace(0, len(light), LEVELS + 1).astype(int)
    order = np.argpartition(light, edges[1:-1])
    parts = [order[start:stop] for start, stop in pairwise(edges)]
    return np.array([light[part].mean() for part in parts]), np.array([square[part].mean() for part in parts])


def _fitted(light: Floats, variance: Floats) -> Noise:
    """A line through variances, whose own errors are in proportion to them."""
    middle = float(light.mean())
    scale = max(float(np.ptp(light)), abs(middle), 1e-12)
    floor = max(1e-9 * scale**2, TINY)
    design = np.column_stack([np.ones_like(light), (light - middle) / scale])
    weights = 1 / np.maximum(variance, floor)
    for _ in range(4):
        level, slope = np.linalg.lstsq(design * weights[:, None], variance * weights, rcond=None)[0]
        weights = 1 / np.maximum(design @ [level, slope], max(floor, 0.05 * float(variance.mean())))
    level, darkest = max(float(level), floor), float(np.quantile(light, DARKEST))
    gain = slope / scale
    zero = middle - level / gain if gain > 0 else -np.inf
    # A slope that cannot be told from so little contrast makes no zero brighter than the tissue, or far below it.
    lowest = min(darkest, 0.0) - 10 * max(abs(middle), scale)
    zero = float(np.clip(zero, lowest, darkest - 0.05 * (middle - darkest) - floor))
    return Noise(level / max(middle - zero, floor), zero)
