"""Non-negative deconvolution by dense matrices and scipy's non-negative least squares: for short traces."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar, nnls

Array = NDArray[Any]


def kernel(frames: int, decay: float, rise: float = 0.0) -> Array:
    """K, with calcium = K @ events."""
    calcium = np.zeros((frames, frames))
    for event in range(frames):
        for frame in range(event, frames):
            last = calcium[frame - 1, event] if frame else 0.0
            older = calcium[frame - 2, event] if frame > 1 else 0.0
            calcium[frame, event] = (frame == event) + (decay + rise) * last - decay * rise * older
    return calcium


def objective(trace: Array, k: Array, events: Array, baseline: float, penalty: float) -> float:
    return float(0.5 * ((trace - baseline - k @ events) ** 2).sum() + penalty * events.sum())


def events_at(trace: Array, k: Array, baseline: float, penalty: float) -> Array:
    """The minimum for a baseline and a penalty, which is a shift of the trace: K' shift = penalty."""
    shift = np.linalg.solve(k.T, np.full(len(trace), penalty))
    return np.asarray(nnls(k, trace - baseline - shift, maxiter=100 * len(trace))[0])


def least(trace: Array, k: Array, penalty: float, baseline: float | None) -> float:
    """The smallest objective, over the baseline too if there is none."""

    def at(level: float) -> float:
        return objective(trace, k, events_at(trace, k, level, penalty), level, penalty)

    if baseline is not None:
        return at(baseline)
    spread = np.ptp(trace)
    found = minimize_scalar(
        at, bounds=(trace.min() - spread, trace.max()), method="bounded", options={"xatol": 1e-9 * spread}
    )
    return float(found.fun)


def overshoot(trace: Array, events: Array, baseline: float, penalty: float, decay: float, rise: float) -> Array:
    """How much the squares would fall with an event in each frame, less the penalty: 0 or less at the minimum."""
    calcium, pull = np.zeros(len(trace)), np.zeros(len(trace) + 2)
    for frame, event in enumerate(events):
        last = calcium[frame - 1] if frame else 0.0
        older = calcium[frame - 2] if frame > 1 else 0.0
        calcium[frame] = event + (decay + rise) * last - decay * rise * older
    for frame in range(len(trace) - 1, -1, -1):
        left = trace[frame] - baseline - calcium[frame]
        pull[frame] = left + (decay + rise) * pull[frame + 1] - decay * rise * pull[frame + 2]
    return pull[:-2] - penalty
