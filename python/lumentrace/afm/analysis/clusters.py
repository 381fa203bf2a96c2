"""What the clustering modules have in common: their points, and how they say what they found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..stack import AFMImageStack
from .detections import coordinates, detections

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


def gather(
    stack: AFMImageStack,
    previous: Mapping[str, dict[str, Any]] | None,
    *,
    detection_module: str,
    coord_key: str,
    coord_columns: Sequence[str],
    use_time: bool,
    normalise: bool,
    time_weight: float | None,
    coord_order: str,
) -> Points:
    """Points from the objects that a module before has found.

    Parameters
    ----------
    stack : AFMImageStack
    previous : dict or None
    detection_module, coord_key, coord_columns, coord_order
        As of particle tracking.
    use_time : bool
        Append the time of the frame to two coordinates.
    normalise : bool
        Scale each column to 0 to 1.
    time_weight : float or None
        Factor of the scaled time.

    Raises
    ------
    ValueError
        For a weight that is no finite number from 0 on.
    """
    if time_weight is not None and not (time_weight >= 0 and np.isfinite(time_weight)):
        raise ValueError(f"`time_weight`: expected a finite number from 0 on, found {time_weight!r}")
    features = detections(previous, detection_module)[coord_key]
    places = coordinates(features, coord_columns, coord_order)
    counts = [len(frame) for frame in features]
    frames = np.repeat(np.arange(len(counts)), counts)
    if use_time and places.shape[1] == 2:
        times = np.array(stack.get_frame_times(), dtype=np.float64)
        places = np.column_stack([places, times[frames] if len(frames) else np.empty(0)])
    scaled = places
    if normalise and len(places):
        span = np.ptp(places, axis=0)
        scaled = (places - places.min(axis=0)) / np.where(span > 0, span, 1.0)
        if time_weight is not None and places.shape[1] == 3:
            scaled = scaled * [1.0, 1.0, time_weight]
    indices = np.concatenate([np.arange(count) for count in counts]) if counts else np.empty(0)
    return Points(places, np.ascontiguousarray(scaled), frames, indices.astype(np.int64))


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
                "coords": [tuple(row) for row in points.scaled[rows].tolist()],
                "coords_original": [tuple(row) for row in points.original[rows].tolist()],
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
