"""Minpoints: where several lines of response pass each other closely."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lumentrace.data.lines import LineData
from lumentrace.data.points import PointData
from lumentrace.engine.samples.native import LineFilter, NativeStep, Sample
from lumentrace.pept.tracking.cutpoints import COLUMNS, checked_cutoffs, get_cutoffs


class Minpoints(LineFilter):
    """The minpoints of every sample of lines.

    A minpoint is the point with the least sum of squared distances to `num_lines` lines, if all of them pass it within
    `max_distance`. With 3 or more lines it asks for more agreement than a cutpoint.

    Parameters
    ----------
    num_lines : int
        Lines per point, at least 2.
    max_distance : float
        Largest distance of the point from each of its lines in mm, inclusive.
    cutoffs : (6,) array-like, optional
        ``[xmin, xmax, ymin, ymax, zmin, zmax]`` in mm, inclusive; by default the box around the points of the sample's
        lines.
    append_indices : bool, default False
        Append columns `line_index1` to `line_index<num_lines>`, the rows of the lines, and keep the lines as the
        hidden attribute `_lines`.

    Raises
    ------
    ValueError
        If `num_lines` is below 2, `max_distance` is NaN or `cutoffs` are not six numbers; when samples are processed,
        if one has more than 10^8 combinations of lines that are near each other.

    Notes
    -----
    Only combinations in which every two lines pass each other within twice `max_distance` are looked at, so the number
    of lines in a sample matters less than how many of them meet.

    Examples
    --------
    >>> from lumentrace import LineData
    >>> from lumentrace.pept.tracking import Minpoints
    >>> lines = LineData([[0, 0, 5, 5, 9, 5, 5], [3, 4, 0, 5, 4, 9, 5], [6, 4, 5, 0, 4, 5, 9], [7, 1, 1, 0, 1, 9, 3]])
    >>> Minpoints(num_lines=3, max_distance=0.5).fit_sample(lines).points
    array([[3., 4., 5., 5.]])
    """

    def __init__(
        self, num_lines: int, max_distance: float, cutoffs: ArrayLike | None = None, append_indices: bool = False
    ) -> None:
        if int(num_lines) != num_lines or num_lines < 2:
            raise ValueError(f"`num_lines`: expected a whole number of at least 2, found {num_lines}")
        self.num_lines = int(num_lines)
        self.max_distance = float(max_distance)
        if np.isnan(self.max_distance):
            raise ValueError("`max_distance`: expected a distance in mm, found nan")
        self.cutoffs = None if cutoffs is None else checked_cutoffs(cutoffs)
        self.append_indices = bool(append_indices)

    def fit_sample(self, sample_lines: Any) -> Any:
        """Find the minpoints of one sample."""
        return super().fit_sample(sample_lines)

    def native(self, columns: list[str]) -> NativeStep:
        """The step of the Rust core."""
        options = {
            "num_lines": self.num_lines,
            "max_distance": self.max_distance,
            "cutoffs": None if self.cutoffs is None else self.cutoffs.tolist(),
            "append_indices": self.append_indices,
        }
        indices = [f"line_index{i + 1}" for i in range(self.num_lines)] if self.append_indices else []
        return NativeStep("minpoints", options, COLUMNS + indices, attrs=self._attrs)

    def _attrs(self, attrs: dict[str, Any], sample: Sample) -> dict[str, Any]:
        lines = sample()
        cutoffs = get_cutoffs(lines) if self.cutoffs is None else self.cutoffs
        hidden = {"_num_lines": self.num_lines, "_max_distance": self.max_distance, "_cutoffs": cutoffs}
        return hidden | ({"_lines": lines} if self.append_indices else {})


def find_minpoints(
    sample: ArrayLike | LineData,
    num_lines: int,
    max_distance: float,
    cutoffs: ArrayLike | None = None,
    append_indices: bool = False,
) -> PointData:
    """Minpoints of one sample of lines; see `Minpoints`.

    Parameters
    ----------
    sample : LineData or (N, C >= 7) array-like
        Rows t, x1, y1, z1, x2, y2, z2.
    num_lines, max_distance, cutoffs, append_indices
        As for `Minpoints`.

    Returns
    -------
    PointData
        Columns t, x, y, z (and the line indices), sorted by time.
    """
    points: PointData = Minpoints(num_lines, max_distance, cutoffs, append_indices).fit_sample(sample)
    return points
