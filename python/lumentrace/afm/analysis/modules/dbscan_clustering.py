"""Objects of all frames in clusters of high density."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core
from lumentrace.base.checks import whole

from ..clusters import ClusteringModule, Points, described, from_scikit_learn

ALGORITHMS = ("auto", "ball_tree", "kd_tree", "brute")


class DBSCANClustering(ClusteringModule):
    """Cluster the objects of all frames by DBSCAN; outputs as of `ClusteringModule`."""

    name = "dbscan_clustering"
    version = "0.1.0"

    def cluster(
        self,
        points: Points,
        *,
        eps: float = 0.3,
        min_samples: int = 5,
        metric: str | Callable[..., float] = "euclidean",
        metric_params: Mapping[str, Any] | None = None,
        algorithm: str = "auto",
        leaf_size: int = 30,
        p: float | None = None,
        n_jobs: int | None = None,
    ) -> dict[str, Any]:
        """Cluster points.

        Parameters
        ----------
        points : Points
        eps : float, default 0.3
            Points up to this distance are neighbours.
        min_samples : int, default 5
            Neighbours, itself included, that make a point part of a core.
        metric, metric_params, p
            Distance, as of ``sklearn.cluster.DBSCAN``; any but the Euclidean one needs scikit-learn.
        algorithm, leaf_size, n_jobs
            How scikit-learn looks for neighbours; these do not change the result.

        Raises
        ------
        ValueError
            For settings out of range.
        ImportError
            If another distance is asked for and scikit-learn is not installed.
        """
        if algorithm not in ALGORITHMS:
            raise ValueError(f"`algorithm`: expected one of {', '.join(ALGORITHMS)}, found {algorithm!r}")
        if metric == "precomputed":
            raise ValueError("`metric`: expected a distance of two points, found 'precomputed'")
        least = whole("min_samples", min_samples, 1)
        search = {"algorithm": algorithm, "leaf_size": leaf_size, "n_jobs": n_jobs}
        if not len(points.scaled) or (_euclidean(metric, p) and not metric_params):
            labels = _core.dbscan_labels(points.scaled, float(eps), least)
        else:
            distance = {"metric": metric, "metric_params": metric_params, "p": p}
            labels = _by_scikit_learn(points.scaled, eps, least, distance | search)
        return described(points, labels, int(labels.max(initial=-1)) + 1)


def _euclidean(metric: object, p: float | None) -> bool:
    return metric in ("euclidean", "l2") or (metric == "minkowski" and p in (None, 2))


def _by_scikit_learn(
    scaled: NDArray[np.float64], eps: float, min_samples: int, settings: dict[str, Any]
) -> NDArray[np.int64]:
    dbscan = from_scikit_learn("DBSCAN", f"`metric` {settings['metric']!r}")
    found = dbscan(eps=float(eps), min_samples=min_samples, **settings).fit(scaled)
    return np.asarray(found.labels_, dtype=np.int64)
