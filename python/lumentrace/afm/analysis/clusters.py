"""What the clustering modules have in common: their points, and how they say what they found."""

from __future__ import annotations

import inspect
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.engine.samples.collector import collector_paused

from ..stack import AFMImageStack
from .base import AnalysisModule
from .detections import DETECTORS, coordinates, detections

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Points:
    """The objects of all frames as points.

    Attributes
    ----------
    original : ndarray
        (points, dimensions) in the units of the features, and s.
    scaled : ndarray
        The same as they are clustered.
    frames, indices : ndarray
        Frame of each point, and its number in the frame.
    """

    original: Floats
    scaled: Floats
    frames: NDArray[np.int64]
    indices: NDArray[np.int64]


class ClusteringModule(AnalysisModule):
    """A module that clusters the objects of all frames.

    Outputs: `clusters`, a list of dictionaries `id`, `frames`, `point_indices`, `coords` (as they were clustered),
    `coords_original`; `cluster_centers`, means of all members in the units of the features; `labels` of all points, -1
    for noise; `noise`, the numbers of those; `summary` with `n_clusters` and `members_per_cluster`.
    """

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
        coord_order: str = "xy",
        **params: Any,
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
        **params
            As of `cluster`.

        Raises
        ------
        RuntimeError
            If no detector ran before.
        TypeError
            For an unknown setting.
        ValueError
            For settings out of range.
        """
        self.check(params)
        if time_weight is not None and not (time_weight >= 0 and np.isfinite(time_weight)):
            raise ValueError(f"`time_weight`: expected a finite number from 0 on, found {time_weight!r}")
        features = detections(previous_results, detection_module)[coord_key]
        places = coordinates(features, coord_columns, coord_order)
        frames = np.repeat(np.arange(len(features)), [len(frame) for frame in features])
        if use_time and places.shape[1] == 2:
            times = np.array(stack.get_frame_times(), dtype=np.float64)
            places = np.column_stack([places, times[frames]])
        indices = np.concatenate([np.arange(len(frame)) for frame in features]) if features else frames
        scaled = _scaled(places, time_weight) if normalise and len(places) else places
        with collector_paused():
            return self.cluster(Points(places, np.ascontiguousarray(scaled), frames, indices), **params)

    @abstractmethod
    def cluster(self, *args: Any, **params: Any) -> dict[str, Any]:
        """Cluster `Points`, the only argument beside settings by name."""

    def check(self, params: Mapping[str, Any]) -> None:
        """Refuse settings that the module does not have."""
        self.refuse({name: value for name, value in params.items() if name not in self.settings()})

    def settings(self) -> list[str]:
        """Names of all settings."""
        return [*super().settings(), *self._own()]

    def _own(self) -> list[str]:
        return [name for name in inspect.signature(self.cluster).parameters if name != "points"]


def _scaled(places: Floats, time_weight: float | None) -> Floats:
    """Each column from 0 to 1, a third one times a weight."""
    span = np.ptp(places, axis=0)
    scaled = (places - places.min(axis=0)) / np.where(span > 0, span, 1.0)
    if time_weight is not None and places.shape[1] == 3:
        scaled = scaled * [1.0, 1.0, time_weight]
    return np.asarray(scaled)


def from_scikit_learn(name: str, wanted_by: str) -> Any:
    """A class of ``sklearn.cluster``.

    Raises
    ------
    ImportError
        If scikit-learn is not installed.
    """
    try:
        return getattr(import_module("sklearn.cluster"), name)
    except ImportError as error:
        raise ImportError(f"{wanted_by} needs scikit-learn: pip install scikit-learn") from error


def described(points: Points, labels: NDArray[np.int64], count: int) -> dict[str, Any]:
    """Clusters, their centres and sizes; centres are means of the members, in the units of the features."""
    clusters = []
    centres = np.full((count, points.original.shape[1]), np.nan)
    for number in range(count):
        rows = np.flatnonzero(labels == number)
        clusters.append(
            {
                "id": number,
                "frames": points.frames[rows].tolist(),
                "point_indices": points.indices[rows].tolist(),
                "coords": list(map(tuple, points.scaled[rows].tolist())),
                "coords_original": list(map(tuple, points.original[rows].tolist())),
            }
        )
        if len(rows):
            centres[number] = points.original[rows].mean(axis=0)
    members = {number: len(cluster["frames"]) for number, cluster in enumerate(clusters)}
    return {
        "clusters": clusters,
        "cluster_centers": centres,
        "labels": labels,
        "noise": np.flatnonzero(labels < 0),
        "summary": {"n_clusters": count, "members_per_cluster": members},
    }
