"""Geometric efficiency by quadrature."""

from __future__ import annotations

import numpy as np
from scipy.integrate import quad


def efficiency(point, limits):
    """Share of directions whose line meets both heads; `limits` of x, y, z."""
    middle = [(low + high) / 2 for low, high in limits]
    x, y, z = (p - m for p, m in zip(point, middle, strict=True))
    length, height, width = (high - low for low, high in limits)
    start = np.arctan(max((width - 2 * z) / (length - 2 * x), (width + 2 * z) / (length + 2 * x)))
    end = np.pi - np.arctan(max((width - 2 * z) / (length + 2 * x), (width + 2 * z) / (length - 2 * x)))
    slopes = (
        max((width - 2 * z) / (height - 2 * y), (width + 2 * z) / (height + 2 * y)),
        max((width - 2 * z) / (height + 2 * y), (width + 2 * z) / (height - 2 * y)),
    )
    return sum(quad(lambda a, m=m: 1 / np.sqrt(1 + m**2 / np.sin(a) ** 2), start, end)[0] for m in slopes) / (2 * np.pi)
