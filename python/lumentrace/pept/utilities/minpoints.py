"""The minpoints of one table of lines, as an array."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumentrace.base.checks import table
from lumentrace.base.masked import unmasked


@unmasked
def find_minpoints(
    sample_lines: ArrayLike,
    num_lines: int,
    max_distance: float,
    cutoffs: ArrayLike | None = None,
    append_indices: bool = False,
) -> NDArray[np.float64]:
    """Minpoints of all combinations of lines; see `lumentrace.pept.tracking.Minpoints`.

    Parameters
    ----------
    sample_lines : (N, C >= 7) array-like
        Rows t (ms), x1, y1, z1, x2, y2, z2 (mm).
    num_lines : int
        Lines per point, at least 2.
    max_distance : float
        Largest distance of the point from each of its lines in mm, inclusive.
    cutoffs : (6,) array-like, optional
        ``[xmin, xmax, ymin, ymax, zmin, zmax]`` in mm, inclusive; by default the box around the lines.
    append_indices : bool, default False
        Append the rows of the lines.

    Returns
    -------
    (M, 4) or (M, 4 + num_lines) array
        Columns t, x, y, z and the rows, sorted by time.

    Raises
    ------
    ValueError
        As `lumentrace.pept.tracking.Minpoints`.

    Examples
    --------
    >>> from lumentrace.pept.utilities import find_minpoints
    >>> find_minpoints([[0, 0, 5, 5, 9, 5, 5], [2, 4, 0, 5, 4, 9, 5]], 2, 0.1, [0, 9, 0, 9, 0, 9])
    array([[1., 4., 5., 5.]])
    """
    from lumentrace.pept.tracking import minpoints

    table("sample_lines", sample_lines, 7)
    return minpoints.find_minpoints(sample_lines, num_lines, max_distance, cutoffs, append_indices).points
