"""Objects of all frames in clusters of high density."""

from __future__ import annotations

from typing import Any

from lumentrace import _core
from lumentrace.base.checks import whole

from ..clusters import ClusteringModule, Points, described


class DBSCANClustering(ClusteringModule):
    """Cluster the objects of all frames by DBSCAN, in the Euclidean distance; outputs as of `ClusteringModule`."""

    name = "dbscan_clustering"
    version = "0.1.0"

    def cluster(self, points: Points, *, eps: float = 0.3, min_samples: int = 5) -> dict[str, Any]:
        """Cluster points.

        Parameters
        ----------
        points : Points
        eps : float, default 0.3
            Points up to this distance are neighbours.
        min_samples : int, default 5
            Neighbours, itself included, that make a point part of a core.

        Raises
        ------
        ValueError
            For settings out of range.
        """
        labels = _core.dbscan_labels(points.scaled, float(eps), whole("min_samples", min_samples, 1))
        return described(points, labels, int(labels.max(initial=-1)) + 1)
