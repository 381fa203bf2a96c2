"""Places of bumps between pixels, and of particles that share a bump."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.engine.samples.collector import collector_paused

from ...stack import AFMImageStack
from ..base import AnalysisModule
from ..detections import detections
from ..gaussians import Bumps, Pixels
from ..sharing import particles

PARTICLE = (
    *("frame_timestamp", "label", "particles", "centroid", "centroid_x", "centroid_y"),
    *("sigma", "height", "x_nm", "y_nm"),
)
"""What is said of a particle, in order."""
Features = list[list[dict[str, Any]]]


class BumpPositions(AnalysisModule):
    """Fit Gaussians to the objects of a film, and several to one that holds several particles.

    Outputs: `features_per_frame`, a list of dictionaries for each frame: `frame_timestamp` (s), `label` of the object
    in `labeled_masks`, `particles` that share it, `centroid` (row, column), `centroid_x`, `centroid_y`, `sigma`
    (pixels), `height` above the background (unit of the film); `x_nm`, `y_nm`; `labeled_masks` of the detector;
    `summary` with `total_frames`, `total_features`, `shared`, the number of objects that hold several particles, and
    `alike`, whether particles are alike so that these could be told.
    """

    name = "bump_positions"
    version = "0.1.0"
    requires = ("feature_detection",)

    def run(
        self,
        stack: AFMImageStack,
        previous_results: Mapping[str, dict[str, Any]] | None = None,
        *,
        background: float | None = None,
        **unknown: Any,
    ) -> dict[str, Any]:
        """Fit.

        Parameters
        ----------
        stack : AFMImageStack
        previous_results : dict
        background : float, optional
            Height from which bumps are measured; by default the level that `bump_mask` found, else 0.

        Raises
        ------
        RuntimeError
            If no objects were looked for before.
        TypeError
            For an unknown setting.

        Notes
        -----
        An object is several particles only if particles are alike, its volume is that of more than one, and several
        Gaussians of the typical size leave less of it than one by the Bayesian information criterion. Real pairs are
        two particles, too. An object to which no Gaussian fits is where its mean weighted by height is.
        """
        self.refuse(unknown)
        found = detections(previous_results, "feature_detection")
        level = (
            dict(previous_results or {}).get("bump_mask", {}).get("level", 0.0) if background is None else background
        )
        labels = found["labeled_masks"]
        counts = [len(frame) for frame in found["features_per_frame"]]
        pixels = _pixels(stack, labels, counts, float(level))
        bumps, alike = particles(pixels, sum(counts))
        with collector_paused():
            features = _described(stack, found["features_per_frame"], bumps)
        shared = int((np.bincount(bumps.owner) > 1).sum())
        summary = {
            "total_frames": stack.n_frames,
            "total_features": sum(map(len, features)),
            "shared": shared,
            "alike": alike,
        }
        return {"features_per_frame": features, "labeled_masks": labels, "summary": summary}


def _pixels(stack: AFMImageStack, labels: list[NDArray[np.int32]], counts: list[int], level: float) -> Pixels:
    """Pixels of all objects, in their order."""
    parts = [np.zeros((0, 5))]
    for number, (mask, before) in enumerate(zip(labels, np.cumsum([0, *counts]), strict=False)):
        rows, columns = np.nonzero(mask)
        heights = stack.data[number][rows, columns] - level
        own = np.column_stack([mask[rows, columns] - 1 + before, np.full(len(rows), number), columns, rows, heights])
        parts.append(own[np.argsort(own[:, 0], kind="stable")])
    owner, frame, x, y, z = np.concatenate(parts).T
    return Pixels(owner.astype(np.int64), frame.astype(np.int64), x, y, z)


def _described(stack: AFMImageStack, objects: Features, bumps: Bumps) -> Features:
    """The particles of all frames."""
    members = np.bincount(bumps.owner, minlength=sum(map(len, objects))).tolist()
    rows = zip(*(values.tolist() for values in (bumps.x, bumps.y, bumps.width, bumps.height)), strict=True)
    found: Features = []
    number = iter(members)
    for frame, own in enumerate(objects):
        scale = stack.scaling_for_frame(frame)
        scales = scale, scale * stack.pixel_size_y_nm / stack.pixel_size_nm
        found.append([])
        for each in own:
            together = next(number)
            found[-1] += [_particle(each, together, next(rows), scales) for _ in range(together)]
    return found


def _particle(
    own: dict[str, Any], together: int, fitted: tuple[float, float, float, float], scales: tuple[float, float]
) -> dict[str, Any]:
    x, y, width, height = fitted
    if math.isnan(x):
        y, x = own["centroid_weighted"]
    values = (own["frame_timestamp"], own["label"], together, (y, x), x, y, width, height, x * scales[0], y * scales[1])
    return dict(zip(PARTICLE, values, strict=True))
