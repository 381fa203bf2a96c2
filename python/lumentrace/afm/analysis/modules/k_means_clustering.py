"""Objects of all frames in a given number of clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lumentrace import _core

from ...stack import AFMImageStack
from ..base import AnalysisModule
from ..clusters import described, gather
from ..detections import DETECTORS


class KMeansClustering(AnalysisModule):
    """Cluster the objects of all frames by k-means.

    Outputs as of DBSCAN, and `inertia`, the sum of squared distances.
    """

    name = "k_means_clustering"
    version = "0.1.0"
    requires = DETECTORS

    def run(
        self,
        stack: AFMImageStack,
        previous_results: Mapping[str, dict[str, Any]] | None = None,
        *,
        k: int | None = None,
        detection_module: str = "feature_detection",
        coord_key: str = "features_per_frame",
        coord_columns: Sequence[str] = ("centroid_x", "centroid_y"),
        use_time: bool = True,
        normalise: bool = True,
        time_weight: float | None = None,
        n_init: int = 10,
        max_iter: int = 300,
        tol: float = 1e-4,
        random_state: int = 42,
        coord_order: str = "xy",
        **unknown: Any,
    ) -> dict[str, Any]:
        """Cluster.

        Parameters
        ----------
        stack : AFMImageStack
        previous_results : dict
        k : int
            Number of clusters.
        detection_module, coord_key, coord_columns, coord_order
            As of particle tracking.
        use_time, normalise, time_weight
            As of DBSCAN.
        n_init : int, default 10
            Starts, of which the best is kept.
        max_iter : int, default 300
        tol : float, default 1e-4
            Share of the mean variance: a start ends when its centres move less, squared.
        random_state : int, default 42
            Seed of the starts.

        Raises
        ------
        RuntimeError
            If no detector ran before.
        TypeError
            For an unknown setting.
        ValueError
            For settings out of range, and for more clusters than objects.
        """
        self.refuse(unknown)
        points = gather(
            stack,
            previous_results,
            detection_module=detection_module,
            coord_key=coord_key,
            coord_columns=coord_columns,
            use_time=use_time,
            normalise=normalise,
            time_weight=time_weight,
            coord_order=coord_order,
        )
        if k is None:
            raise TypeError("k_means_clustering: expected a number of clusters `k`, found none")
        if not len(points.scaled):
            return described(points, points.frames, 0) | {"inertia": 0.0}
        if not 1 <= k <= len(points.scaled):
            raise ValueError(f"`k`: expected 1 to the {len(points.scaled)} objects, found {k}")
        _, labels, inertia = _core.k_means(
            points.scaled, int(k), int(n_init), int(random_state), int(max_iter), float(tol)
        )
        return described(points, labels, int(k)) | {"inertia": inertia}
