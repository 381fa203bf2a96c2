"""Pixels other than 0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...stack import AFMImageStack
from ..base import AnalysisModule


class CountNonzero(AnalysisModule):
    """Count the pixels of each frame that are not 0; NaN and infinity are not.

    Outputs: `counts`, int64 (frames,).
    """

    name = "count_nonzero"
    version = "0.1.0"

    def run(
        self, stack: AFMImageStack, previous_results: Mapping[str, dict[str, Any]] | None = None, **params: Any
    ) -> dict[str, Any]:
        """Count; there are no settings."""
        return {"counts": np.array([np.count_nonzero(frame) for frame in stack.data], dtype=np.int64)}
