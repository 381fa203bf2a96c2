"""Cutpoints: where pairs of lines of response nearly meet."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumentrace import _core
from lumentrace.data.lines import LineData
from lumentrace.data.points import PointData
from lumentrace.engine.samples.native import LineFilter, NativeStep, Sample

COLUMNS = ["t", "x", "y", "z"]
INDICES = ["line_index1", "line_index2"]


class Cutpoints(LineFilter):
    """The cutpoints of every sample of lines.

    A cutpoint is the mid point of the shortest segment between two lines that pass each other closer than
    `max_distance`; around a tracer they pile up, elsewhere they are thin [1]_.

    Parameters
    ----------
    max_distance : float
        Largest distance between the two lines in mm, exclusive; 0.1 to 1 for single particles.
    cutoffs : (6,) array-like, optional
        ``[xmin, xmax, ymin, ymax, zmin, zmax]`` in mm: cutpoints must lie strictly inside. By default the box around
        the points of the sample's lines.
    append_indices : bool, default False
        Append columns `line_index1` and `line_index2`, the rows of the two lines, and keep the lines as the
        hidden attribute `_lines`.

    Raises
    ------
    ValueError
        If `max_distance` is NaN or `cutoffs` are not six numbers.

    References
    ----------
    .. [1] Nicuşan A. L., Windows-Yule C. R. K., Positron emission particle tracking using machine learning, Review of
       Scientific Instruments 91 (2020) 013329.

    Examples
    --------
    >>> from lumentrace import LineData
    >>> from lumentrace.pept.tracking import Cutpoints
    >>> lines = LineData([[0, 0, 5, 5, 9, 5, 5], [2, 4, 0, 5.2, 4, 9, 5.2], [4, 1, 1, 0, 1, 9, 3]])
    >>> Cutpoints(max_distance=0.5).fit_sample(lines).points
    array([[1. , 4. , 5. , 5.1]])
    """

    def __init__(self, max_distance: float, cutoffs: ArrayLike | None = None, append_indices: bool = False) -> None:
        self.max_distance = float(max_distance)
        if np.isnan(self.max_distance):
            raise ValueError("`max_distance`: expected a distance in mm, found nan")
        self.cutoffs = None if cutoffs is None else checked_cutoffs(cutoffs)
        self.append_indices = bool(append_indices)

    def fit_sample(self, sample_lines: Any) -> Any:
        """Find the cutpoints of one sample."""
        return super().fit_sample(sample_lines)

    def native(self, columns: list[str]) -> NativeStep:
        """The step of the Rust core."""
        options = {
            "max_distance": self.max_distance,
            "cutoffs": None if self.cutoffs is None else self.cutoffs.tolist(),
            "append_indices": self.append_indices,
        }
        return NativeStep("cutpoints", options, COLUMNS + INDICES * self.append_indices, attrs=self._attrs)

    def _attrs(self, attrs: dict[str, Any], sample: Sample) -> dict[str, Any]:
        lines = sample()
        cutoffs = get_cutoffs(lines) if self.cutoffs is None else self.cutoffs
        hidden = {"_max_distance": self.max_distance, "_cutoffs": cutoffs}
        return hidden | ({"_lines": lines} if self.append_indices else {})


def checked_cutoffs(cutoffs: ArrayLike) -> NDArray[np.float64]:
    """`cutoffs` as six numbers."""
    box = np.asarray(cutoffs, dtype=np.float64)
    if box.shape != (6,) or np.isnan(box).any():
        raise ValueError(f"`cutoffs`: expected [xmin, xmax, ymin, ymax, zmin, zmax], found {cutoffs!r}")
    return box


def get_cutoffs(lines: ArrayLike | LineData) -> NDArray[np.float64]:
    """Box around both points of all lines.

    Parameters
    ----------
    lines : LineData or (N, C >= 7) array-like
        Rows t, x1, y1, z1, x2, y2, z2; those with values that are not finite are ignored.

    Returns
    -------
    (6,) array
        ``[xmin, xmax, ymin, ymax, zmin, zmax]`` in mm; all nan if there is no finite line.
    """
    box = _core.get_cutoffs(LineData(lines).lines)
    return np.full(6, np.nan) if box is None else box


def find_cutpoints(
    sample: ArrayLike | LineData,
    max_distance: float,
    cutoffs: ArrayLike | None = None,
    append_indices: bool = False,
) -> PointData:
    """Cutpoints of one sample of lines; see `Cutpoints`.

    Parameters
    ----------
    sample : LineData or (N, C >= 7) array-like
        Rows t, x1, y1, z1, x2, y2, z2.
    max_distance, cutoffs, append_indices
        As for `Cutpoints`.

    Returns
    -------
    PointData
        Columns t, x, y, z (and the two line indices), sorted by time.
    """
    points: PointData = Cutpoints(max_distance, cutoffs, append_indices).fit_alone(sample)
    return points
