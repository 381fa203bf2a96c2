"""Bumps of a film, by the noise and the ground of the film itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lumentrace.engine import progress

from ...stack import AFMImageStack
from ..base import AnalysisModule
from ..bumps import ground, smoothed, typical_height
from ..parting import parted


class BumpMask(AnalysisModule):
    """Find what stands out of a levelled film, with no threshold to choose and gaps between bumps that touch.

    Outputs: `mask`, bool (frames, height, width), for ``feature_detection:mask_key=bump_mask.mask``; `level`,
    `roughness` and `noise` of the ground; `threshold`, inf if nothing can be told from the ground; `height` of a
    typical bump, NaN without any.
    """

    name = "bump_mask"
    version = "0.1.0"

    def run(
        self, stack: AFMImageStack, previous_results: Mapping[str, dict[str, Any]] | None = None, **unknown: Any
    ) -> dict[str, Any]:
        """Find.

        Parameters
        ----------
        stack : AFMImageStack
            Levelled.
        previous_results : dict, optional

        Raises
        ------
        TypeError
            For a setting: there is none.

        Notes
        -----
        A bump rises above the ground by five times the noise that smoothing leaves and by six times the roughness of
        the ground, and reaches down to half of its height. A film full of bumps has no ground: there peaks have to lie
        as high above pits as no rough surface has them. All is taken from the whole film, so that what is seen in one
        frame is seen in the next.
        """
        self.refuse(unknown)
        frames = np.asarray(stack.data, dtype=np.float64)
        smooth = np.empty_like(frames)
        for number, frame in enumerate(frames):
            smooth[number] = smoothed(frame)
        base = ground(frames, smooth)
        heights = np.array([typical_height(frame, base) for frame in smooth])
        height = float(np.median(heights[np.isfinite(heights)])) if np.isfinite(heights).any() else float("nan")
        mask, report = np.zeros(frames.shape, dtype=bool), progress.reporter()
        for number, frame in enumerate(smooth if np.isfinite(height) else ()):
            mask[number] = parted(frame, base, height) & np.isfinite(frames[number])
            report(number + 1) if report is not None else None
        figures = {name: getattr(base, name) for name in ("level", "roughness", "noise", "threshold")}
        return {"mask": mask, "height": height, **figures}
