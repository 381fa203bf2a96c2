"""How far trajectories are from where the tracers were."""

from __future__ import annotations

import numpy as np

from lumentrace.base.big_array import BigArray
from lumentrace.pept.tracks import Tracks
from lumentrace.plots.tables import Floats


def truth_errors(paths: Tracks, truth: Tracks) -> tuple[BigArray, Floats]:
    """Distance of each point from the true path of the tracer its trajectory is closest to on average.

    The true path is interpolated linearly in time; points outside its time have NaN.

    Returns
    -------
    distance : (N,) array
    tracer : (number of trajectories,) array
        The label of the tracer; NaN where no tracer overlaps in time.
    """
    nearest = np.full(len(paths.labels), -1)
    best = np.full(len(paths.labels), np.inf)
    true_paths = [(truth.t[rows], truth.xyz[rows]) for rows in truth.trajectories()]
    for number, (t, xyz) in enumerate(true_paths):
        mean = _means(paths, t, xyz)
        better = mean < best
        best[better], nearest[better] = mean[better], number
    distance = BigArray.empty((len(paths.t),))
    for rows, trajectory in paths.blocks():
        own = np.full(len(trajectory), np.nan)
        for number in np.unique(nearest[trajectory]):
            here = nearest[trajectory] == number
            if number >= 0:
                own[here] = _distance(paths.t[rows][here], paths.xyz[rows][here], *true_paths[number])
        distance[rows] = own
    return distance, np.where(nearest < 0, np.nan, np.append(truth.labels, np.nan)[nearest])


def _means(paths: Tracks, t: Floats, xyz: Floats) -> Floats:
    """Mean distance of each trajectory from a true path; inf where they have no time in common."""
    number, total = np.zeros(len(paths.labels)), np.zeros(len(paths.labels))
    for rows, trajectory in paths.blocks():
        away = _distance(paths.t[rows], paths.xyz[rows], t, xyz)
        known = np.isfinite(away)
        number += np.bincount(trajectory[known], minlength=len(number))
        total += np.bincount(trajectory[known], away[known], minlength=len(number))
    return np.where(number > 0, total / np.maximum(number, 1), np.inf)


def _distance(times: Floats, places: Floats, t: Floats, xyz: Floats) -> Floats:
    away = np.stack([np.interp(times, t, xyz[:, i], np.nan, np.nan) for i in range(3)], axis=1)
    return np.asarray(np.sqrt(((away - places) ** 2).sum(axis=1)))
