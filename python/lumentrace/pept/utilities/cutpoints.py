"""The cutpoints of one table of lines, as an array."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumentrace import _core
from lumentrace.base.checks import table
from lumentrace.base.masked import unmasked


@unmasked
def find_cutpoints(
    sample_lines: ArrayLike, max_distance: float, cutoffs: ArrayLike | None = None, append_indices: bool = False
) -> NDArray[np.float64]:
    """Cutpoints of all pairs of lines; see `lumentrace.pept.tracking.Cutpoints`.

    Parameters
    ----------
    sample_lines : (N, C >= 7) array-like
        Rows t (ms), x1, y1, z1, x2, y2, z2 (mm).
    max_distance : float
        Largest distance between two lines in mm, exclusive.
    cutoffs : (6,) array-like, optional
        ``[xmin, xmax, ymin, ymax, zmin, zmax]`` in mm, exclusive; by default the box around the lines.
    append_indices : bool, default False
        Append the rows of the two lines.

    Returns
    -------
    (M, 4) or (M, 6) array
        Columns t, x, y, z and the two rows, sorted by time.

    Raises
    ------
    ValueError
        If `sample_lines` are no such table, `max_distance` is nan or `cutoffs` are not six numbers.

    Examples
    --------
    >>> from lumentrace.pept.utilities import find_cutpoints
    >>> find_cutpoints([[0, 0, 5, 5, 9, 5, 5], [2, 4, 0, 5, 4, 9, 5]], 0.1, [0, 9, 0, 9, 0, 9])
    array([[1., 4., 5., 5.]])
    """
    from lumentrace.pept.tracking.cutpoints import checked_cutoffs

    lines = np.ascontiguousarray(sample_lines, dtype=np.float64)
    table("sample_lines", lines, 7)
    box = None if cutoffs is None else checked_cutoffs(cutoffs)
    return _core.find_cutpoints(lines, max_distance, box, append_indices)
