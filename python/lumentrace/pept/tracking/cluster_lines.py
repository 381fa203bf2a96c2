"""One location per cluster: the point nearest to the lines that its points were made of."""

from __future__ import annotations

import numpy as np

from lumentrace import _core
from lumentrace.data.points import PointData
from lumentrace.engine.samples.native import NativeFilter, NativeStep, keep_public

COLUMNS = ["t", "x", "y", "z", "error"]


class ClusterLines(NativeFilter):
    """Locate every cluster of cutpoints or minpoints by its lines of response.

    Takes the place of ``SplitLabels() + Centroids(error=True)``. A centroid of cutpoints is pulled towards cutpoints of
    chance lines and of lines through other tracers. Here the location goes from the centroid to the point nearest to
    the cluster's lines, in the least-squares sense, and on from there without the lines that pass further from it than
    `reject` times the median distance, until the same lines stay [1]_. The point moves uniformly while the sample
    lasts. The median is over the lines of every point of the cluster: a line through the tracer makes many, one that is
    there by chance makes few.

    Parameters
    ----------
    reject : float, default 3.5
        Furthest line that counts, in median distances; at least 1. From 3 to 4 the errors of simulated tracers hardly
        change; below, lines of the tracer are lost, above, others join in where there are many tracers.

    Raises
    ------
    ValueError
        If `reject` is less than 1 or not finite, or if points have no label or do not know their lines.

    Notes
    -----
    Takes points with columns `line_index...` and `label`: ``Cutpoints(..., append_indices=True) + HDBSCAN(...)``. The
    result has columns t, x, y, z, error, one row per label in ascending order: the time is the mean of that of the
    lines that count, `error` the root mean square of their distances in mm from the tracer at their times. Fewer than
    ten lines do not tell a motion: the tracer is then taken to be at rest. Where lines have no nearest point, being
    parallel, the centroid of the points stands, with all lines of the cluster in `error`. Labels -1 and NaN are left
    out.

    References
    ----------
    .. [1] Parker D. J. et al., Positron emission particle tracking - a technique for studying flow within engineering
       equipment, Nuclear Instruments and Methods in Physics Research A 326 (1993) 592-607: rejection of lines about a
       least-squares point.

    Examples
    --------
    Three lines through (1, 2, 3), and one elsewhere that made one of the points.

    >>> from lumentrace import LineData, PointData
    >>> from lumentrace.pept.tracking import ClusterLines
    >>> lines = LineData(
    ...     [[0, -5, 2, 3, 5, 2, 3], [1, 1, -5, 3, 1, 7, 3], [2, 1, 2, -5, 1, 2, 8], [9, 0, 0, 7, 1, 9, 7]]
    ... )
    >>> points = PointData(
    ...     [[0.5, 1.1, 2, 3, 0, 1, 0], [1, 1, 2.2, 3, 0, 2, 0], [1.5, 1, 2, 3.1, 1, 2, 0], [5, 1, 2, 5, 2, 3, 0]],
    ...     columns=["t", "x", "y", "z", "line_index1", "line_index2", "label"],
    ...     _lines=lines,
    ... )
    >>> ClusterLines().fit_sample(points).points.round(9)
    array([[1., 1., 2., 3., 0.]])
    """

    def __init__(self, reject: float = 3.5) -> None:
        self.reject = float(reject)
        if not 1 <= self.reject < np.inf:
            raise ValueError(f"`reject`: expected a number from 1, found {reject}")

    def native(self, columns: list[str]) -> NativeStep:
        """The step of the Rust core."""
        indices, label = _named(columns)
        options = {"indices": indices, "label": label, "reject": self.reject}
        return NativeStep("cluster_lines", options, COLUMNS, of_lines=True, attrs=keep_public)

    def fit_python(self, sample: PointData) -> PointData:
        """Locate the clusters of points that carry their lines."""
        indices, label = _named(sample.columns)
        lines = sample.attrs.get("_lines")
        if lines is None:
            raise ValueError(
                "ClusterLines: expected points with a hidden attribute `_lines`, as Cutpoints(..., "
                "append_indices=True) makes them, found none"
            )
        points = np.ascontiguousarray(sample.points)
        located = _core.cluster_lines(points, np.ascontiguousarray(lines.lines), indices, label, self.reject)
        result = sample.copy(data=located, hidden=False, columns=COLUMNS)
        result.units = {name: unit for name, unit in sample.units.items() if name in COLUMNS}
        return result


def _named(columns: list[str]) -> tuple[list[int], int]:
    """The columns that name lines, and that of the labels."""
    indices = [i for i, name in enumerate(columns) if name.startswith("line_index")]
    if not indices or "label" not in columns:
        raise ValueError(
            f"ClusterLines: expected columns 'line_index...' and 'label', as Cutpoints(..., append_indices=True) + "
            f"HDBSCAN(...) make them, found {columns}"
        )
    return indices, columns.index("label")
