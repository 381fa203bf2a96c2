"""Objects of all frames in clusters of high density."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lumentrace import _core

from ...stack import AFMImageStack
from ..base import AnalysisModule
from ..clusters import described, gather
from ..detections import DETECTORS


class DBSCANClustering(AnalysisModule):
    """Cluster the objects of all frames by DBSCAN, in the Euclidean distance.

    Outputs: `clusters`, a list of dictionaries `id`, `frames`, `point_indices`, `coords` (as they were clustered),
    `coords_original`; `cluster_centers`, means of all members in the units of the features; `labels` of all points, -1
    for noise; `noise`, the numbers of those; `summary` with `n_clusters` and `members_per_cluster`.
    """

    name = "dbscan_clustering"
    version = "0.1.0"
    requires = DETECTORS

    def run(
        self,
        stack: AFMImageStack,
        previous_results: Mapping[str, dict[str, Any]] | None = None,
        *,
        detection_module: str = "feature_detection",
        coord_key: str = "features_per_frame",
        coord_columns: Sequence[str] = ("centroid_x", "centroid_y"),
        use_time: bool = True,
        normalise: bool = True,
        time_weight: float | None = None,
        eps: float = 0.3,
        min_samples: int = 5,
        coord_order: str = "xy",
        **unknown: Any,
    ) -> dict[str, Any]:
        """Cluster.

        Parameters
        ----------
        stack : AFMImageStack
        previous_results : dict
        detection_module, coord_key, coord_columns, coord_order
            As of particle tracking.
        use_time : bool, default True
            The time of the frame is a third coordinate.
        normalise : bool, default True
            Scale each coordinate to 0 to 1.
        time_weight : float, optional
            Factor of the scaled time.
        eps : float, default 0.3
            Points up to this distance are neighbours.
        min_samples : int, default 5
            Neighbours, itself included, that make a point part of a core.

        Raises
        ------
        RuntimeError
            If no detector ran before.
        TypeError
            For an unknown setting.
        ValueError
            For settings out of range.
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
        labels = _core.dbscan_labels(points.scaled, float(eps), int(min_samples))
        return described(points, labels, int(labels.max(initial=-1)) + 1)
