"""The size of the objects of tracks over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...stack import AFMImageStack
from ..base import AnalysisModule

MEASURES = ("bbox_max_dim",)


class TrackedParticleBoundarySize(AnalysisModule):
    """Measure the boxes of the regions of tracks, and tell large ones from small ones.

    Outputs: `tracks`, a list of dictionaries `track_id`, `frames`, `timestamps`, `size` in pixels and `size_nm` (NaN
    where the object is missing, or pixels are not square), `state` (1 above the threshold, 0 otherwise, None where the
    object is missing; only with a threshold); `summary` with `n_tracks`, `measure`, `threshold`.
    """

    name = "tracked_particle_boundary_size"
    version = "0.1.0"
    requires = ("particle_region_extraction",)

    def run(
        self,
        stack: AFMImageStack,
        previous_results: Mapping[str, dict[str, Any]] | None = None,
        *,
        measure: str = "bbox_max_dim",
        threshold: float | None = None,
        **unknown: Any,
    ) -> dict[str, Any]:
        """Measure.

        Parameters
        ----------
        stack : AFMImageStack
        previous_results : dict
        measure : {'bbox_max_dim'}, default 'bbox_max_dim'
            The longer side of the tight box.
        threshold : float, optional
            In pixels.

        Raises
        ------
        RuntimeError
            If no regions were cut out before, or without their boxes.
        ValueError
            For another measure.
        """
        self.refuse(unknown)
        if measure not in MEASURES:
            raise ValueError(f"`measure`: expected one of {', '.join(MEASURES)}, found {measure!r}")
        if previous_results is None or "particle_region_extraction" not in previous_results:
            raise RuntimeError("expected particle_region_extraction before this step, found none")
        tracks = [
            _measured(track, stack, threshold) for track in previous_results["particle_region_extraction"]["tracks"]
        ]
        return {"tracks": tracks, "summary": {"n_tracks": len(tracks), "measure": measure, "threshold": threshold}}


def _measured(track: Mapping[str, Any], stack: AFMImageStack, threshold: float | None) -> dict[str, Any]:
    square = stack.pixel_size_y_nm == stack.pixel_size_nm
    sizes = [_longer_side(region) for region in track["regions"]]
    pixels = [stack.scaling_for_frame(frame) if square else float("nan") for frame in track["frames"]]
    found = {
        "track_id": track["track_id"],
        "frames": list(track["frames"]),
        "timestamps": list(track["timestamps"]),
        "size": sizes,
        "size_nm": [size * pixel for size, pixel in zip(sizes, pixels, strict=True)],
    }
    if threshold is not None:
        found["state"] = [None if np.isnan(size) else int(size > threshold) for size in sizes]
    return found


def _longer_side(region: Mapping[str, Any] | None) -> float:
    if region is None:
        return float("nan")
    if "bbox_tight" not in region:
        raise RuntimeError("particle_region_extraction: expected boxes of the regions, found `include_bbox` False")
    top, left, bottom, right = region["bbox_tight"]
    return float(max(bottom - top, right - left))
