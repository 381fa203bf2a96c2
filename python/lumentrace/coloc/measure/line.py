"""The straight line through the pixels of two channels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def least_squares(a: Floats, b: Floats) -> tuple[float, float]:
    """Slope and intercept of the line b = slope · a + intercept with the least squares along b.

    Parameters
    ----------
    a, b : ndarray
        Flat channels of finite numbers.

    Returns
    -------
    slope, intercept : float
        NaN for fewer than two pixels or a constant `a`.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace.coloc.measure.line import least_squares
    >>> least_squares(np.array([0.0, 1.0, 2.0]), np.array([1.0, 3.0, 5.0]))
    (2.0, 1.0)
    """
    if a.size < 2 or a.min() == a.max():
        return float("nan"), float("nan")
    off = a - a.mean()
    slope = float(np.dot(off, b - b.mean()) / np.dot(off, off))
    return slope, float(b.mean() - slope * a.mean())
