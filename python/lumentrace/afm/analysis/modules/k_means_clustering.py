"""Objects of all frames in a given number of clusters."""

from __future__ import annotations

from typing import Any

from lumentrace import _core
from lumentrace.base.checks import whole

from ..clusters import ClusteringModule, Points, described


class KMeansClustering(ClusteringModule):
    """Cluster the objects of all frames by k-means.

    Outputs as of `ClusteringModule`, and `inertia`, the sum of squared distances.
    """

    name = "k_means_clustering"
    version = "0.1.0"

    def cluster(
        self,
        points: Points,
        *,
        k: int | None = None,
        n_init: int = 10,
        max_iter: int = 300,
        tol: float = 1e-4,
        random_state: int = 42,
    ) -> dict[str, Any]:
        """Cluster points.

        Parameters
        ----------
        points : Points
        k : int
            Number of clusters.
        n_init : int, default 10
            Starts, of which the best is kept.
        max_iter : int, default 300
        tol : float, default 1e-4
            Share of the mean variance: a start ends when its centres move less, squared.
        random_state : int, default 42
            Seed of the starts.

        Raises
        ------
        TypeError
            Without `k`.
        ValueError
            For settings out of range, and for more clusters than objects.
        """
        if k is None:
            raise TypeError("k_means_clustering: expected a number of clusters `k`, found none")
        if not len(points.scaled):
            return described(points, points.frames, 0) | {"inertia": 0.0}
        if not 1 <= k <= len(points.scaled):
            raise ValueError(f"`k`: expected 1 to the {len(points.scaled)} objects, found {k}")
        settings = (
            whole("n_init", n_init, 1),
            whole("random_state", random_state, 0),
            whole("max_iter", max_iter, 1),
            float(tol),
        )
        _, labels, inertia = _core.k_means(points.scaled, int(k), *settings)
        return described(points, labels, int(k)) | {"inertia": inertia}
