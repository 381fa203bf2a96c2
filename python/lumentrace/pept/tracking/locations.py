"""Locations of the line tracker: their columns, and the rows of its kernel as a table."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lumentrace.data.points import SIGMAS, VELOCITIES, XYZ

UNITS = {
    "t": "ms",
    **dict.fromkeys(XYZ, "mm"),
    **dict.fromkeys(VELOCITIES, "mm/ms"),
    **dict.fromkeys(SIGMAS, "mm"),
    **dict.fromkeys(("cov_xy", "cov_xz", "cov_yz"), "mm²"),
    "rate": "lines/ms",
    "label": "",
}
"""The columns of a result, in order, and their units."""
COLUMNS = list(UNITS)
"""Their names."""

VARIANCES, COVARIANCES = [7, 10, 12], [8, 9, 11]
"""Where the kernel has xx, yy, zz, and xy, xz, yz."""


def table(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """The columns of `UNITS`, in order of time, from the rows (N, 15) of the kernel."""
    ordered = rows[np.lexsort((rows[:, 14], rows[:, 0]))]
    sigma = np.sqrt(ordered[:, VARIANCES])
    return np.column_stack([ordered[:, :7], sigma, ordered[:, COVARIANCES], ordered[:, 13:]])
