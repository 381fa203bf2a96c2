"""Places of bumps between pixels, and of particles that share a bump."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.engine.samples.collector import collector_paused

from ...stack import AFMImageStack
from ..base import AnalysisModule
from ..detections import detections
from ..gaussians import Bumps, Pixels, Shape, residual, several, single

Floats = NDArray[np.float64]

ALIKE, ENOUGH = 0.25, 10
"""Greatest robust spread of volumes, as a share of their median, for particles that are all alike, and the least number of
bumps to say so."""
DOUBLE = 1.5
"""Volumes of a typical bump from which one may be several: half-way, six spreads from one on simulated films."""
MOST = 4
"""Most particles in one bump."""


class BumpPositions(AnalysisModule):
    """Fit Gaussians to the objects of a film, and several to one that holds several particles.

    Outputs: `features_per_frame`, a list of dictionaries for each frame: `frame_timestamp` (s), `label` of the object in
    `labeled_masks`, `particles` that share it, `centroid` (row, column), `centroid_x`, `centroid_y`, `sigma` (pixels),
    `height` above the background (unit of the film); `x_nm`, `y_nm`; `labeled_masks` of the detector; `summary` with
    `total_frames`, `total_features`, `shared`, the number of objects that hold several particles, and `alike`, whether
    particles are alike so that these could be told.
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
        Gaussians of the typical size leave less of it than one by the Bayesian information criterion. An object to which
        no Gaussian fits is where its mean weighted by height is.
        """
        self.refuse(unknown)
        found = detections(previous_results, "feature_detection")
        level = dict(previous_results or {}).get("bump_mask", {}).get("level", 0.0) if background is None else background
        labels = found["labeled_masks"]
        counts = [len(frame) for frame in found["features_per_frame"]]
        pixels = _pixels(stack, labels, counts, float(level))
        bumps = single(pixels, sum(counts))
        like = _alike(pixels, bumps)
        parts = _parted(pixels, bumps, like)
        with collector_paused():
            features = _described(stack, found["features_per_frame"], pixels, bumps, parts)
        total = sum(map(len, features))
        summary = {"total_frames": stack.n_frames, "total_features": total, "shared": len(parts), "alike": like is not None}
        return {"features_per_frame": features, "labeled_masks": labels, "summary": summary}


def _pixels(stack: AFMImageStack, labels: list[NDArray[np.int32]], counts: list[int], level: float) -> Pixels:
    """Pixels of all objects, in their order."""
    parts = []
    for number, (mask, before) in enumerate(zip(labels, np.cumsum([0, *counts]), strict=False)):
        rows, columns = np.nonzero(mask)
        owner = mask[rows, columns].astype(np.int64) - 1 + before
        order = np.argsort(owner, kind="stable")
        heights = stack.data[number][rows, columns] - level
        parts.append([each[order] for each in (owner, columns, rows, heights)])
    owner, x, y, z = (np.concatenate(each) if parts else np.zeros(0) for each in (zip(*parts) if parts else [()] * 4))
    return Pixels(owner.astype(np.int64), *(each.astype(np.float64) for each in (x, y, z)))


def _alike(pixels: Pixels, bumps: Bumps) -> Shape | None:
    """The shape of a typical bump, if particles are alike."""
    volumes = bumps.volume[np.isfinite(bumps.volume)]
    if len(volumes) < ENOUGH:
        return None
    middle = float(np.median(volumes))
    if 1.4826 * float(np.median(np.abs(volumes - middle))) > ALIKE * middle:
        return None
    heights = bumps.height[np.isfinite(bumps.height)]
    height = float(np.median(heights))
    left = residual(pixels, bumps)
    misfit = 1.4826 * float(np.nanmedian(np.abs(left)))
    spread = 1.4826 * float(np.median(np.abs(heights - height))) / height
    least = 0.01  # heights that agree exactly would leave no room
    return Shape(float(np.nanmedian(bumps.width)), height, max(spread, least), max(misfit, least * height))


def _parted(pixels: Pixels, bumps: Bumps, like: Shape | None) -> dict[int, Bumps]:
    """The particles of the bumps that hold several, by their numbers."""
    if like is None:
        return {}
    large = np.flatnonzero(~(bumps.volume < DOUBLE * like.height * like.width**2))
    starts = np.searchsorted(pixels.owner, large, "left").tolist()
    ends = np.searchsorted(pixels.owner, large, "right").tolist()
    parts = {}
    for number, start, end in zip(large.tolist(), starts, ends, strict=True):
        tried = [several(pixels.of(start, end), count, like) for count in range(1, MOST + 1) if 3 * count <= end - start]
        best = min(tried, key=lambda each: each[1])[0] if tried else None
        if best is not None and len(best.x) > 1:
            parts[number] = best
    return parts


def _described(
    stack: AFMImageStack,
    features: list[list[dict[str, Any]]],
    pixels: Pixels,
    bumps: Bumps,
    parts: dict[int, Bumps],
) -> list[list[dict[str, Any]]]:
    """The particles of all frames."""
    found, number = [], 0
    for frame, objects in enumerate(features):
        scale = stack.scaling_for_frame(frame)
        slow = scale * stack.pixel_size_y_nm / stack.pixel_size_nm
        found.append([])
        for each in objects:
            top, left, bottom, right = each["bbox"]
            if number in parts:
                own = list(zip(*(values.tolist() for values in vars(parts[number]).values()), strict=True))
            else:
                own = [tuple(float(values[number]) for values in (bumps.x, bumps.y, bumps.width, bumps.height))]
                inside = left - 1 <= own[0][0] <= right and top - 1 <= own[0][1] <= bottom
                if not inside:
                    row, column = each["centroid"]
                    own = [(column, row, np.nan, np.nan)]
            for x, y, width, height in own:
                found[-1].append(
                    {
                        "frame_timestamp": each["frame_timestamp"],
                        "label": each["label"],
                        "particles": len(own),
                        "centroid": (y, x),
                        "centroid_x": x,
                        "centroid_y": y,
                        "sigma": width,
                        "height": height,
                        "x_nm": x * scale,
                        "y_nm": y * slow,
                    }
                )
            number += 1
    return found
