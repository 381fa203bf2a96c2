"""Bright spots of each frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core
from lumentrace.base.checks import whole
from lumentrace.engine import progress

from ...stack import AFMImageStack
from ..base import AnalysisModule

POLARITIES = ("bright", "dark")
SPOT = (
    *("frame_timestamp", "y", "x", "sigma", "radius", "amplitude"),
    *("centroid", "centroid_x", "centroid_y", "label"),
)
"""What is said of a spot, in order."""
MOST_SIZES = 1000
"""Each takes the memory of a frame."""


class LoGBlobDetection(AnalysisModule):
    """Find spots of about the size of a Gaussian, by the Laplacian of Gaussians over several sizes.

    Outputs: `features_per_frame`, a list of dictionaries for each frame, strongest first: `frame_timestamp` (s), `y`,
    `x`, `sigma` (pixels), `radius` (σ√2), `amplitude` (the response), `centroid` (row, column), `centroid_x`,
    `centroid_y`, `label`; `summary` with `total_frames`, `total_blobs`, `avg_blobs_per_frame`.
    """

    name = "log_blob_detection"
    version = "0.1.0"

    def run(
        self,
        stack: AFMImageStack,
        previous_results: Mapping[str, dict[str, Any]] | None = None,
        *,
        min_sigma: float = 1.0,
        max_sigma: float = 5.0,
        num_sigma: int = 10,
        threshold: float = 0.1,
        overlap: float = 0.5,
        include_radius: bool = True,
        refine: bool = False,
        polarity: str = "bright",
        **unknown: Any,
    ) -> dict[str, Any]:
        """Find.

        Parameters
        ----------
        stack : AFMImageStack
            Whole numbers are taken as they are, not scaled.
        previous_results : dict, optional
        min_sigma, max_sigma : float, default 1 and 5
            Least and greatest size in pixels.
        num_sigma : int, default 10
            Sizes in between, evenly spread.
        threshold : float, default 0.1
            Response to exceed: about half the height of a spot.
        overlap : float, default 0.5
            Of two blobs that share more than this part of the smaller one, the smaller one goes; of equal ones the
            weaker.
        include_radius : bool, default True
        refine : bool, default False
            Places between pixels.
        polarity : {'bright', 'dark'}, default 'bright'

        Raises
        ------
        TypeError
            For an unknown setting.
        ValueError
            For settings out of range.

        Notes
        -----
        Pixels that are not finite are replaced by the mean of the frame; there are no blobs on them. Lindeberg, T.:
        Feature detection with automatic scale selection. Int. J. Comput. Vis. 30 (1998) 79.
        """
        self.refuse(unknown)
        sigmas = _sizes(min_sigma, max_sigma, num_sigma)
        if polarity not in POLARITIES:
            raise ValueError(f"`polarity`: expected one of {', '.join(POLARITIES)}, found {polarity!r}")
        data, bad = _filled(stack.data)
        signed = data if polarity == "bright" else -data
        counts, table = _core.find_blobs(
            signed, sigmas, float(threshold), float(overlap), bool(refine), progress.reporter()
        )
        ends = np.cumsum(counts)
        features = []
        for frame, rows in enumerate(np.split(table, ends[:-1]) if len(ends) else []):
            kept = rows if bad is None else rows[~_at(bad[frame], rows)]
            features.append(
                [
                    _described(row, stack.time_for_frame(frame), n, include_radius)
                    for n, row in enumerate(kept.tolist(), 1)
                ]
            )
        total, frames = sum(map(len, features)), stack.n_frames
        summary = {"total_frames": frames, "total_blobs": total, "avg_blobs_per_frame": total / frames if frames else 0}
        return {"features_per_frame": features, "summary": summary}


def _sizes(least: float, most: float, number: int) -> list[float]:
    if not 0 < least <= most or not np.isfinite(most):
        raise ValueError(f"`min_sigma`, `max_sigma`: expected 0 < min_sigma <= max_sigma, found {least} and {most}")
    sizes: list[float] = np.linspace(least, most, whole("num_sigma", number, 1, MOST_SIZES)).tolist()
    return sizes


def _filled(data: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.bool_] | None]:
    """Frames without gaps, and where the gaps are."""
    floats = np.ascontiguousarray(data, dtype=np.float64)
    bad = ~np.isfinite(floats)
    if not bad.any():
        return floats, None
    filled = floats.copy()
    for frame, gaps in zip(filled, bad, strict=True):
        frame[gaps] = frame[~gaps].mean() if not gaps.all() else 0.0
    return filled, bad


def _at(bad: NDArray[np.bool_], rows: NDArray[np.float64]) -> NDArray[np.bool_]:
    pixels = np.rint(rows[:, :2]).astype(int)
    return np.asarray(bad[pixels[:, 0], pixels[:, 1]])


def _described(row: list[float], time: float, label: int, radius: bool) -> dict[str, Any]:
    y, x, sigma, response = row
    found = {"frame_timestamp": time, "y": y, "x": x, "sigma": sigma}
    if radius:
        found["radius"] = sigma * 2**0.5
    return found | {"amplitude": response, "centroid": (y, x), "centroid_x": x, "centroid_y": y, "label": label}
