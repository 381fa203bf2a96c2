"""One point per cluster: its centroid."""

from __future__ import annotations

from typing import Any

from lumentrace.engine.samples.native import NativeFilter, NativeStep, keep_public


class Centroids(NativeFilter):
    """The centroid of each sample, or of each object in a sample that is a list.

    Parameters
    ----------
    error : bool, default False
        Append a column `error`: the standard deviation of the points' distances from the centroid, in mm.
    cluster_size : bool, default False
        Append a column `cluster_size`: the number of points (or the sum of their weights).
    weight : bool, default True
        Weight the points by their column `weight`, if they have one; it is then left out of the result.

    Notes
    -----
    Every column is averaged, time included. Empty clusters give no row.

    Examples
    --------
    >>> from lumentrace import PointData
    >>> from lumentrace.pept.tracking import Centroids
    >>> Centroids(cluster_size=True).fit_sample(PointData([[0, 1, 1, 1], [2, 3, 3, 3]])).points
    array([[1., 2., 2., 2., 2.]])
    """

    def __init__(self, error: bool = False, cluster_size: bool = False, weight: bool = True) -> None:
        self.error = bool(error)
        self.cluster_size = bool(cluster_size)
        self.weight = bool(weight)

    def fit_sample(self, points: Any) -> Any:
        """Locate one sample, or each object of a list."""
        return super().fit_sample(points)

    def native(self, columns: list[str]) -> NativeStep:
        """The step of the Rust core."""
        weight = columns.index("weight") if self.weight and "weight" in columns[4:] else None
        options = {"error": self.error, "cluster_size": self.cluster_size, "weight": weight}
        kept = [name for i, name in enumerate(columns) if i != weight]
        added = ["error"] * self.error + ["cluster_size"] * self.cluster_size
        return NativeStep("centroids", options, kept + added, takes_list=True, attrs=keep_public)
