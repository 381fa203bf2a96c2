"""Colocalization in plain numpy and scipy, straight from the definitions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]


def correlation(a: Array, b: Array) -> float:
    """Pearson's r; NaN for a constant channel or fewer than two pixels."""
    if a.size < 2 or a.min() == a.max() or b.min() == b.max():
        return np.nan
    x, y = a - a.mean(), b - b.mean()
    return float(np.clip((x @ y) / np.sqrt(x @ x) / np.sqrt(y @ y), -1, 1))


def spearman(a: Array, b: Array) -> float:
    return correlation(stats.rankdata(a), stats.rankdata(b))


def icq(a: Array, b: Array) -> float:
    side = np.sign(a - a.mean()) * np.sign(b - b.mean())
    return float((side > 0).sum() / (side != 0).sum() - 0.5) if (side != 0).any() else np.nan


def manders(a: Array, b: Array, threshold_a: float, threshold_b: float) -> tuple[float, float]:
    return float(a[b > threshold_b].sum() / a.sum()), float(b[a > threshold_a].sum() / b.sum())


def costes_grid(a: Array, b: Array, n_steps: int) -> tuple[float, float, str]:
    """Level by level, with a correlation of the pixels below each."""
    if a.min() == a.max() or b.min() == b.max():
        return a.max(), b.max(), "degenerate"
    slope = np.cov(a, b)[0, 1] / np.var(a, ddof=1)
    if slope <= 0:
        return a.max(), b.max(), "slope<=0"
    intercept = b.mean() - slope * a.mean()
    step = (a.max() - a.min()) / n_steps
    for k in range(n_steps):
        level = a.max() - k * step
        below = (a <= level) | (b <= slope * level + intercept)
        if correlation(a[below], b[below]) <= 0:
            return level, slope * level + intercept, "crossed"
    return a.min(), b.min(), "never"


def costes_exact(a: Array, b: Array) -> tuple[float, str]:
    """The greatest of all levels at which a pixel comes to lie below, with r <= 0 below it."""
    slope = np.cov(a, b)[0, 1] / np.var(a, ddof=1)
    intercept = b.mean() - slope * a.mean()
    critical = np.minimum(a, (b - intercept) / slope)
    for level in np.unique(critical)[::-1]:
        below = critical <= level
        if level > a.min() and correlation(a[below], b[below]) <= 0:
            return float(level), "crossed"
    return float(a.min()), "never"


def shifted(a: Array, b: Array, shift: int) -> float:
    """Correlation of pixel p of `a` with pixel p - shift of `b` along the last axis, where both are."""
    n = a.shape[-1]
    low, high = max(shift, 0), min(n, n + shift)
    return correlation(a[..., low:high].ravel(), b[..., low - shift : high - shift].ravel())


def null_moments(x: Array, y: Array) -> tuple[float, float]:
    """Mean and standard deviation of r over all orders of the rows of `x`."""
    first, second = ((values - values.mean()) / values.std() for values in (x, y))
    products = first @ second.T
    d = products - products.mean(axis=0) - products.mean(axis=1)[:, None] + products.mean()
    return products.sum() / len(x) / x.size, float(np.sqrt((d**2).sum() / (len(x) - 1)) / x.size)


def translation_k(a: Array, b: Array, sides: Array, radius: float) -> float:
    """Cross-K with translation correction, pair by pair."""
    total = 0.0
    for p in a:
        for q in b:
            if np.linalg.norm(p - q) <= radius:
                total += np.prod(sides / (sides - np.abs(p - q)))
    return float(np.prod(sides) * total / (len(a) * len(b)))
