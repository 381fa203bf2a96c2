"""What can be said of trajectories: their speed, and when they are located."""

from __future__ import annotations

import numpy as np

from lumentrace.base.big_array import BigArray
from lumentrace.pept.tracks import Indices, Tracks
from lumentrace.plots.tables import Floats


def speeds(paths: Tracks, window: int) -> BigArray:
    """Speed at each point: that of the table's velocities, or else of a fitted line.

    Returns
    -------
    (N,) array
    """
    return fitted_speeds(paths, window) if paths.speed is None else paths.speed


def fitted_speeds(paths: Tracks, window: int) -> BigArray:
    """Speed at each point: slope of the least-squares straight line through `window` points around it.

    Computed per axis as Σ(t - t̄)(x - x̄) / Σ(t - t̄)², then the Euclidean norm. NaN where the points around do not all
    lie in one stretch without a gap. O(N window).

    Returns
    -------
    (N,) array
    """
    half = window // 2
    result = BigArray.empty((len(paths.t),))
    for rows, _ in paths.blocks():
        around = slice(max(rows.start - half, 0), rows.stop + half)
        centre = np.arange(max(rows.start, half), min(rows.stop, len(paths.t) - half))
        before, after = (np.searchsorted(paths.breaks, centre + step, side="right") for step in (-half, half))
        centre = centre[before == after]
        found = np.full(rows.stop - rows.start, np.nan)
        if len(centre):
            found[centre - rows.start] = _slopes(paths.t[around], paths.xyz[around], centre - around.start, half)
        result[rows] = found
    return result


def _slopes(t: Floats, xyz: Floats, centre: Indices, half: int) -> Floats:
    """Speeds at the points `centre`, of lines through them and `half` points on either side."""
    sum_t, sum_tt = np.zeros(len(centre)), np.zeros(len(centre))
    sum_x, sum_tx = np.zeros((len(centre), 3)), np.zeros((len(centre), 3))
    for offset in range(-half, half + 1):
        dt = t[centre + offset] - t[centre]
        dx = xyz[centre + offset] - xyz[centre]
        sum_t += dt
        sum_tt += dt * dt
        sum_x += dx
        sum_tx += dt[:, None] * dx
    window = 2 * half + 1
    spread = window * sum_tt - sum_t**2
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (window * sum_tx - sum_t[:, None] * sum_x) / spread[:, None]
    return np.where(spread > 0, np.sqrt((slope**2).sum(axis=1)), np.nan)


def located_time(paths: Tracks) -> float:
    """Time during which at least one trajectory is followed without a gap."""
    start, end = _stretches(paths)
    order = np.argsort(start, kind="stable")
    start, end = start[order], end[order]
    reached = np.maximum.accumulate(np.concatenate([[-np.inf], end[:-1]]))[: len(end)]
    return float(np.clip(end - np.maximum(start, reached), 0, None).sum())


def followed_times(paths: Tracks) -> Floats:
    """Time during which each trajectory is followed without a gap."""
    start, end = _stretches(paths)
    return np.add.reduceat(end - start, np.searchsorted(paths.breaks, paths.starts))


def _stretches(paths: Tracks) -> tuple[Floats, Floats]:
    """First and last time of each stretch of trajectory without a gap."""
    last = np.append(paths.breaks[1:], len(paths.t))[: len(paths.breaks)] - 1
    return paths.t[paths.breaks], paths.t[last]
