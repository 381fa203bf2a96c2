"""Means and standard errors of what is finite."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.masked import unmasked

Floats = NDArray[np.float64]


@unmasked
def finite_mean_and_sem(values: NDArray[Any], *, axis: int) -> tuple[Floats, Floats]:
    """Mean and standard error of the finite samples along an axis.

    Parameters
    ----------
    values : ndarray
    axis : int

    Returns
    -------
    mean : ndarray
        NaN where no sample is finite.
    sem : ndarray
        Standard deviation (n - 1) over the root of n; 0 where n is 1 or less, as documented.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import twophoton
    >>> mean, sem = twophoton.finite_mean_and_sem(np.array([1.0, 3.0, np.nan]), axis=0)
    >>> float(mean), float(sem)
    (2.0, 1.0)
    """
    samples = np.asarray(values, dtype=np.float64)
    held = np.isfinite(samples)
    count = held.sum(axis=axis)
    some = np.maximum(count, 1)
    mean = np.where(held, samples, 0.0).sum(axis=axis) / some
    left = np.where(held, samples - np.expand_dims(mean, axis), 0.0)
    spread = np.sqrt((left**2).sum(axis=axis) / np.maximum(count - 1, 1))
    sem = np.where(count > 1, spread / np.sqrt(some), 0.0)
    return np.where(count > 0, mean, np.nan), sem
