"""What the modules of a record found, by what it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

import numpy as np

from lumentrace.base.arrays import AnyArray


class Summary(TypedDict, total=False):
    """How much a module found."""

    total_features: int
    total_blobs: int
    n_clusters: int
    members_per_cluster: dict[int, int]


class Detected(TypedDict):
    """Outputs of a detector."""

    features_per_frame: list[list[dict[str, Any]]]
    labeled_masks: list[AnyArray]
    summary: Summary


class Track(TypedDict):
    """A track, dense from its first frame to its last."""

    id: int
    coord_axes: Sequence[str]
    frames: list[int]
    point_indices: list[int | None]
    coords: list[Sequence[float] | None]


class Tracked(TypedDict):
    """Outputs of particle tracking."""

    tracks: list[Track]
    n_tracks: int
    detector: str


class Measured(TypedDict):
    """Outputs of track statistics: columns by name."""

    tracks: dict[str, AnyArray]
    msd: dict[str, AnyArray]


class Clustered(TypedDict, total=False):
    """Outputs of a clustering."""

    cluster_centers: AnyArray
    noise: AnyArray
    summary: Summary


def is_cut(box: Sequence[int], shape: Sequence[int]) -> bool:
    """Whether the border of a frame cuts an object: `bbox` and rows and columns of the frame."""
    top, left, bottom, right = box
    return top <= 0 or left <= 0 or bottom >= shape[0] or right >= shape[1]


@dataclass(frozen=True)
class Found:
    """The latest outputs of each module.

    Attributes
    ----------
    detected, clustered : dict
        Those of detectors and of clusterings, by the name of the module.
    tracked, measured : dict or None
        Those of particle tracking and of track statistics.
    """

    detected: dict[str, Detected] = field(default_factory=dict)
    tracked: Tracked | None = None
    measured: Measured | None = None
    clustered: dict[str, Clustered] = field(default_factory=dict)

    @classmethod
    def of(cls, record: Mapping[str, Any] | None) -> Found:
        """What a record holds, as of `AnalysisPipeline.run`."""
        results = {} if record is None else record["provenance"]["results_by_name"]
        latest = {name: outputs[-1] for name, outputs in results.items()}
        return cls(
            {name: outputs for name, outputs in latest.items() if "features_per_frame" in outputs},
            latest.get("particle_tracking"),
            latest.get("track_statistics"),
            {name: outputs for name, outputs in latest.items() if "clusters" in outputs},
        )

    @property
    def areas_nm2(self) -> list[float]:
        """Areas of the objects of all frames, without those that the border cuts."""
        if "feature_detection" not in self.detected:
            return []
        detected = self.detected["feature_detection"]
        shapes = [mask.shape for mask in detected["labeled_masks"]]
        return [
            feature["area_nm2"]
            for frame, shape in zip(detected["features_per_frame"], shapes, strict=True)
            for feature in frame
            if not is_cut(feature["bbox"], shape)
        ]

    @property
    def speeds_nm_s(self) -> AnyArray:
        """Mean speeds of the tracks that have one."""
        if self.measured is None:
            return np.zeros(0)
        speeds = self.measured["tracks"]["mean_speed_nm_s"]
        return np.asarray(speeds[np.isfinite(speeds)])
