"""Tracks of objects from frame to frame."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core
from lumentrace.base.checks import whole
from lumentrace.engine.samples.collector import collector_paused

from ...stack import AFMImageStack
from ..base import AnalysisModule
from ..detections import axes_of, coordinates, detections, detector
from ..reach import AUTO, frames_missed, in_nm, reach

SCALES = ("constant", "sqrt", "linear")
METHODS = ("greedy", "optimal")


class TrackMasks(Mapping[int, NDArray[np.bool_]]):
    """For each track the mask of its last object, made when it is asked for."""

    def __init__(
        self, masks: Sequence[NDArray[np.int32]] | Mapping[int, NDArray[np.int32]], last: dict[int, tuple[int, int]]
    ):
        self._masks, self._last = masks, last

    def state(self) -> dict[str, Any]:
        """What a container keeps: the frames in which tracks end."""
        return {"masks": {frame: self._masks[frame] for frame, _ in self._last.values()}, "last": self._last}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> TrackMasks:
        """The masks that `state` was taken from."""
        return cls(state["masks"], state["last"])

    def __getitem__(self, track: int) -> NDArray[np.bool_]:
        frame, label = self._last[track]
        return np.asarray(self._masks[frame] == label)

    def __iter__(self) -> Any:
        return iter(self._last)

    def __len__(self) -> int:
        return len(self._last)


class ParticleTracking(AnalysisModule):
    """Link the objects of consecutive frames to tracks.

    Outputs: `tracks`, a list of dictionaries `id`, `coord_axes` (which coordinate is x and y), `frames` (from the first
    to the last without gaps), `point_indices` and `coords` (None where the object is missing), `length` (objects),
    `duration_s`, `displacement`, `path_length` (in the unit of the coordinates) and `mean_speed` (per s; None for a
    duration of 0); `track_masks`, by id the mask of the last object, empty if the detector makes none; `n_tracks`;
    `max_distance` (nm if that was given in nm), `max_missing` and `detector` that were used.
    """

    name = "particle_tracking"
    version = "0.2.0"
    requires = ("feature_detection", "log_blob_detection")

    def run(
        self,
        stack: AFMImageStack,
        previous_results: Mapping[str, dict[str, Any]] | None = None,
        *,
        detection_module: str = "feature_detection",
        coord_key: str = "features_per_frame",
        coord_columns: Sequence[str] = ("centroid_x", "centroid_y"),
        max_distance: float = 5.0,
        max_missing: int = 0,
        distance_scale: str = "constant",
        method: str = "greedy",
        min_track_length: int = 1,
        coord_order: str = "xy",
        max_distance_nm: float | str | None = None,
        max_gap_s: float | str | None = None,
        **unknown: Any,
    ) -> dict[str, Any]:
        """Link.

        Parameters
        ----------
        stack : AFMImageStack
        previous_results : dict
        detection_module : str, default 'feature_detection'
        coord_key : str, default 'features_per_frame'
            The output that holds the objects.
        coord_columns : sequence of str, default ('centroid_x', 'centroid_y')
        max_distance : float, default 5
            Links are shorter than this.
        max_missing : int, default 0
            Frames in a row that a track may miss.
        distance_scale : {'constant', 'sqrt', 'linear'}, default 'constant'
            How `max_distance` grows with the frames since a track was last seen.
        method : {'greedy', 'optimal'}, default 'greedy'
            'greedy': in the order of their age tracks take the nearest object that is free. 'optimal': all links of a
            frame together at the least sum of squared distances, each as a share of the squared range; a track that
            goes without costs 1 (Crocker & Grier, J. Colloid Interface Sci. 179 (1996) 298).
        min_track_length : int, default 1
            Leave out tracks of fewer objects.
        coord_order : {'xy', 'playnano'}, default 'xy'
            'playnano' takes (row, column) from features of a mask, as that program does.
        max_distance_nm : float or 'auto', optional
            The range in nm, instead of `max_distance`. 'auto': five standard deviations of the steps along an axis,
            taken from links up to half-way to the next object, but not less than the size of objects.
        max_gap_s : float or 'auto', optional
            The longest time that a track may be missed, instead of `max_missing`. 'auto': 2 to 10 frames, as far as the
            range, growing with the square root, stays below half the way to the next object.

        Raises
        ------
        RuntimeError
            If no detector ran before.
        ValueError
            For settings out of range.
        TypeError
            For an unknown setting.
        """
        self.refuse(unknown)
        _check(max_distance, max_missing, distance_scale, method)
        found = detections(previous_results, detection_module)
        features = found[coord_key]
        points = coordinates(features, coord_columns, coord_order)
        counts = [len(frame) for frame in features]
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        frame_of = np.repeat(np.arange(len(counts)), counts)
        axes = axes_of(coord_columns, coord_order)
        linkable, far, gap = points, float(max_distance), whole("max_missing", max_missing, 0)
        if max_distance_nm is not None:
            linkable = in_nm(points, frame_of, axes, stack)
            far = _reach(max_distance_nm, linkable, starts, features, stack)
        if max_gap_s is not None:
            gap = frames_missed(max_gap_s, stack, linkable, starts, far)
        ids = _core.link_points(linkable, starts, far, gap, distance_scale, method)
        linked = _Linked(points, frame_of, starts, ids, int(min_track_length))
        with collector_paused():
            tracks = linked.tracks(np.array(stack.get_frame_times()), axes)
        masks = _masks(found.get("labeled_masks", []), features, tracks)
        return {
            "tracks": tracks,
            "track_masks": masks,
            "n_tracks": len(tracks),
            "max_distance": far,
            "max_missing": gap,
            "detector": detector(previous_results, detection_module),
        }


def _reach(
    given: float | str,
    points: NDArray[np.float64],
    starts: NDArray[np.int64],
    features: Sequence[Sequence[Mapping[str, Any]]],
    stack: AFMImageStack,
) -> float:
    if given == AUTO:
        sizes = [feature.get("sigma", math.nan) for frame in features for feature in frame]
        known = [size for size in sizes if math.isfinite(size)]
        return reach(points, starts, (float(np.median(known)) if known else 1.0) * stack.pixel_size_nm)
    if isinstance(given, str) or not given >= 0:
        raise ValueError(f"`max_distance_nm`: expected a number from 0 on or {AUTO!r}, found {given!r}")
    return float(given)


def _check(max_distance: float, max_missing: int, scale: str, method: str) -> None:
    for name, value in (("max_distance", max_distance), ("max_missing", max_missing)):
        if not value >= 0:
            raise ValueError(f"`{name}`: expected a number from 0 on, found {value!r}")
    if scale not in SCALES:
        raise ValueError(f"`distance_scale`: expected one of {', '.join(SCALES)}, found {scale!r}")
    if method not in METHODS:
        raise ValueError(f"`method`: expected one of {', '.join(METHODS)}, found {method!r}")


class _Linked:
    """Points in the order of their tracks.

    Parameters
    ----------
    points : ndarray
        (points, dimensions)
    frame_of : ndarray
        Frame of each point.
    starts : ndarray
        The first point of each frame.
    ids : ndarray
        Track of each point.
    least : int
        Points of the shortest track that is kept.
    """

    def __init__(
        self,
        points: NDArray[np.float64],
        frame_of: NDArray[np.intp],
        starts: NDArray[np.int64],
        ids: NDArray[np.int64],
        least: int,
    ):
        order = np.argsort(ids, kind="stable")
        self._points, self._frames = points[order], frame_of[order]
        self._indices = order - starts[self._frames]
        bounds = [0, *(np.flatnonzero(np.diff(ids[order])) + 1).tolist(), len(order)] if len(order) else [0]
        self._spans = [(a, b) for a, b in pairwise(bounds) if b - a >= least]
        self._steps = np.sqrt((np.diff(self._points, axis=0) ** 2).sum(axis=1))

    def tracks(self, times: NDArray[np.float64], axes: tuple[str, ...]) -> list[dict[str, Any]]:
        """The tracks, by the age of their first points."""
        coords, indices = list(map(tuple, self._points.tolist())), self._indices.tolist()
        frames, found = self._frames.tolist(), []
        for number, (start, end) in enumerate(self._spans):
            first, last = frames[start], frames[end - 1]
            own: tuple[list[Any], ...] = (frames[start:end], coords[start:end], indices[start:end])
            if end - start <= last - first:
                own = _with_gaps(*own)
            duration = float(times[last] - times[first])
            path = float(self._steps[start : end - 1].sum())
            ends = self._points[end - 1] - self._points[start]
            found.append(
                {
                    "id": number,
                    "coord_axes": axes,
                    "frames": own[0],
                    "point_indices": own[2],
                    "coords": own[1],
                    "length": end - start,
                    "duration_s": duration,
                    "displacement": math.hypot(*ends.tolist()),
                    "path_length": path,
                    "mean_speed": path / duration if duration > 0 else None,
                }
            )
        return found


def _with_gaps(frames: list[int], *lists: list[Any]) -> tuple[list[Any], ...]:
    """All frames from the first to the last, and the values of those that are there."""
    dense = [[None] * (frames[-1] - frames[0] + 1) for _ in lists]
    for own, values in zip(dense, lists, strict=True):
        for frame, value in zip(frames, values, strict=True):
            own[frame - frames[0]] = value
    return (list(range(frames[0], frames[-1] + 1)), *dense)


def _masks(
    masks: Sequence[NDArray[np.int32]], features: Sequence[Sequence[Mapping[str, Any]]], tracks: list[dict[str, Any]]
) -> TrackMasks:
    last = {}
    for track in tracks if len(masks) else []:
        frame, index = track["frames"][-1], track["point_indices"][-1]
        if "label" in features[frame][index]:
            last[track["id"]] = (frame, int(features[frame][index]["label"]))
    return TrackMasks(masks, last)
