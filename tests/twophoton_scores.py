"""How close what was found in a simulated two-photon recording comes to what it was made from."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Array = NDArray[Any]
STIMULUS_HZ = 60.0


def roi_scores(masks: Array, label_image: Array) -> dict[str, float]:
    """Best overlap (intersection over union) of each true cell, and the share of cells with a region of their own."""
    numbers = np.arange(1, label_image.max() + 1)
    cells = (label_image[None] == numbers[:, None, None]).reshape(len(numbers), -1).astype(float)
    regions = np.asarray(masks, bool).reshape(len(masks), -1).astype(float)
    both = cells @ regions.T
    overlap = both / (cells.sum(axis=1)[:, None] + regions.sum(axis=1) - both)
    found = (overlap[linear_sum_assignment(-overlap)] >= 0.5).sum()
    return {"mean_best_iou": float(overlap.max(axis=1).mean()), "recall_50": float(found / len(numbers))}


def dff_error(values: Array, start_frame: int, truth: dict[str, Array]) -> float:
    """Root mean square error of dF/F of the median cell, over frames without motion."""
    frames = slice(start_frame, start_frame + len(values))
    error = (values - truth["dff"][frames])[~truth["motion_artifact"][frames]]
    return float(np.median(np.sqrt(np.nanmean(error**2, axis=0))))


def kernel_correlation(kernels: Array, time_seconds: Array, true_kernels: Array) -> float:
    """Correlation with the true kernel of the median cell, from lag 0 on."""
    kept = np.flatnonzero(np.asarray(time_seconds) > -0.5 / STIMULUS_HZ)[: true_kernels.shape[1]]
    pairs = zip(kernels, true_kernels, strict=True)
    return float(np.median([np.corrcoef(kernel[kept], true[: len(kept)])[0, 1] for kernel, true in pairs]))


def onset_error(starts: list[float], truth: dict[str, Array]) -> float:
    """Largest error of onsets, in frames."""
    return float(np.abs(np.asarray(starts) - truth["window_start"]).max())
