"""What Suite2p says of a region: its pixels, and figures of its shape and its trace."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.twophoton.regions.rois import RoiSet

PIXEL = 1 / 12
"""Variance along a side of a pixel of what is spread evenly over it."""


def statistics(rois: RoiSet, numbers: Sequence[int], traces: NDArray[np.float32]) -> list[dict[str, Any]]:
    """A dict for each region of which there is a trace.

    Parameters
    ----------
    rois : RoiSet
    numbers : sequence of int
        Which regions.
    traces : ndarray
        (regions, frames), without neuropil.
    """
    pixels, weights = [rois.region(number) for number in numbers], rois.footprints()
    times = np.bincount(np.concatenate([*pixels, np.empty(0, np.int64)]), minlength=math.prod(rois.shape))
    usual = float(np.mean([own.size for own in pixels]))
    found = []
    for number, own, trace in zip(numbers, pixels, traces, strict=True):
        rows, columns = np.divmod(own, rois.shape[1])
        every = np.ones(own.size, bool)
        found.append(
            {
                "ypix": rows.astype(np.int32),
                "xpix": columns.astype(np.int32),
                "lam": (weights[number] / weights[number].sum()).astype(np.float32),
                "med": [int(np.median(rows)), int(np.median(columns))],
                "npix": int(own.size),
                "npix_norm": own.size / usual,
                "npix_soma": int(own.size),
                "soma_crop": every,
                "overlap": times[own] > 1,
                "footprint": math.nan,
                **_shape(rows, columns, weights[number]),
                **_trace(trace),
            }
        )
    return found


def _shape(rows: NDArray[np.int64], columns: NDArray[np.int64], weights: NDArray[np.float64]) -> dict[str, float]:
    """Figures of a shape.

    The radius is that of the disc whose Gaussian has the area of that of the region, ``2 (λ₁ λ₂)^(1/4)`` with the
    variances λ along the axes of the weights, of which the aspect ratio is ``√(λ₁ / λ₂)``. ``compact`` is the root mean
    square distance of pixels from their centre, relative to a disc of as many pixels: 1 for a disc, more for any other
    shape.
    """
    places = np.stack([rows, columns]).astype(np.float64)
    spread = np.cov(places, aweights=weights, ddof=0) + PIXEL * np.eye(2)
    small, large = np.linalg.eigvalsh(spread)
    moment = float(places.var(axis=1).sum()) + 2 * PIXEL
    return {
        "radius": 2 * float(small * large) ** 0.25,
        "aspect_ratio": float(np.sqrt(large / small)),
        "compact": math.sqrt(moment * 2 * math.pi / rows.size),
    }


def _trace(values: NDArray[np.float32]) -> dict[str, float]:
    """Standard deviation and skewness."""
    deviation = values.astype(np.float64) - values.mean(dtype=np.float64)
    spread = math.sqrt(float((deviation**2).mean()))
    return {"std": spread, "skew": float((deviation**3).mean()) / spread**3 if spread > 0 else math.nan}
