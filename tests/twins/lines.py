"""Readable numpy twins of the kernels in ``rust/core/src/lines``: all pairs at once, no tricks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

PARALLEL = 16 * np.finfo(float).eps


def usable(lines: Array) -> NDArray[np.intp]:
    """Rows that define a line."""
    core = lines[:, :7]
    with np.errstate(all="ignore"):
        finite = np.isfinite(core).all(axis=1) & (np.abs(core[:, 1:]) <= 1e70).all(axis=1)
        lengths = ((core[:, 4:7] - core[:, 1:4]) ** 2).sum(axis=1)
        return np.flatnonzero(finite & (lengths >= 1e-140))


def cutoffs(lines: Array) -> Array | None:
    """Box around both points of all finite rows."""
    finite = lines[np.isfinite(lines[:, :7]).all(axis=1), 1:7].reshape(-1, 3)
    if len(finite) == 0:
        return None
    return np.column_stack([finite.min(axis=0), finite.max(axis=0)]).ravel()


def dot(a: Array, b: Array) -> Array:
    return a[..., 0] * b[..., 0] + a[..., 1] * b[..., 1] + a[..., 2] * b[..., 2]


def cutpoints(lines: Array, max_distance: float, box: Array | None = None) -> Array:
    """Rows t, x, y, z, i, j of all cutpoints, sorted by (t, i, j)."""
    box = cutoffs(lines) if box is None else box
    rows = usable(lines)
    if box is None or len(rows) < 2 or max_distance <= 0:
        return np.empty((0, 6))
    first, second = np.triu_indices(len(rows), 1)
    i, j = rows[first], rows[second]
    p, q = lines[i, 1:4], lines[j, 1:4]
    u, r = lines[i, 4:7] - p, lines[j, 4:7] - q
    w = q - p
    a, b, c, d, e = dot(u, u), dot(u, r), dot(r, r), dot(u, w), dot(r, w)
    determinant = b * b - a * c
    with np.errstate(all="ignore"):
        s = ((b * e - c * d) / determinant)[:, None]
        t = ((a * e - b * d) / determinant)[:, None]
        on_p, on_q = p + s * u, q + t * r
        middle = (on_p + on_q) / 2
        gap = on_p - on_q
        keep = (-determinant > PARALLEL * (a * c)) & (dot(gap, gap) < max_distance * max_distance)
        keep &= ((box[::2] < middle) & (middle < box[1::2])).all(axis=1)
    times = (lines[i, 0] + lines[j, 0]) / 2
    found = np.column_stack([times, middle, i, j])[keep]
    return found[np.lexsort((found[:, 5], found[:, 4], found[:, 0]))]


def squared_distances(lines: Array, point: Array) -> Array:
    """Squared distance of ``point`` from each line."""
    n = lines[:, 4:7] - lines[:, 1:4]
    n = n / np.linalg.norm(n, axis=1)[:, None]
    offsets: Array = np.cross(point - lines[:, 1:4], n)
    return np.asarray((offsets**2).sum(axis=1))


def nearest_point(lines: Array) -> Array | None:
    """Point with the smallest sum of squared distances, through numpy's general solver."""
    lines = lines[usable(lines)]
    if len(lines) < 2:
        return None
    n = lines[:, 4:7] - lines[:, 1:4]
    n = n / np.linalg.norm(n, axis=1)[:, None]
    projections = np.eye(3) - n[:, :, None] * n[:, None, :]
    origin = (lines[:, 1:4] + lines[:, 4:7]).mean(axis=0) / 2
    matrix = projections.sum(axis=0)
    if np.linalg.eigvalsh(matrix)[0] <= 1e-12 * np.trace(matrix):
        return None
    vector = (projections @ (lines[:, 1:4] - origin)[:, :, None]).sum(axis=0)[:, 0]
    return np.asarray(origin + np.linalg.solve(matrix, vector))


def birmingham(lines: Array, fopt: float) -> tuple[Array | None, NDArray[np.bool_]]:
    """Row t, x, y, z, error (or None) and the flags of the lines behind it."""
    nothing = np.zeros(len(lines), dtype=bool)
    rows = usable(lines)
    good = lines[rows]
    target = int(len(good) * fopt)
    if target < 2:
        return None, nothing
    used = np.ones(len(good), dtype=bool)
    while True:
        point = nearest_point(good[used])
        if point is None:
            return None, nothing
        distances = squared_distances(good, point)
        error = np.sqrt(distances[used].mean())
        if used.sum() == target:
            flags = nothing.copy()
            flags[rows[used]] = True
            return np.array([good[used, 0].mean(), *point, error]), flags
        order = np.argsort(distances, kind="stable")
        within = int((np.sqrt(distances) <= 1.5 * error).sum())
        keep = min(max(within, target), int(used.sum()) - 1)
        used = np.zeros(len(good), dtype=bool)
        used[order[:keep]] = True


def motion(lines: Array) -> tuple[Array, Array] | None:
    """Point at time 0 and velocity of the uniform motion nearest to the lines, which know their times."""
    n = lines[:, 4:7] - lines[:, 1:4]
    n = n / np.linalg.norm(n, axis=1)[:, None]
    across = np.eye(3) - n[:, :, None] * n[:, None, :]
    rows = np.concatenate([across, lines[:, 0, None, None] * across], axis=2)
    if len(lines) < 10 or np.linalg.matrix_rank(rows.reshape(-1, 6), tol=1e-6 * np.sqrt(len(lines))) < 6:
        still = nearest_point(lines)
        return None if still is None else (still, np.zeros(3))
    offsets = (across @ lines[:, 1:4, None]).reshape(-1)
    both = np.linalg.lstsq(rows.reshape(-1, 6), offsets, rcond=None)[0]
    return both[:3], both[3:]


def timed_distances(lines: Array, at: tuple[Array, Array]) -> Array:
    """Squared distances of a moving point from each line at the time of the line."""
    point, velocity = at
    shift = lines[:, :1] * velocity
    moved = np.column_stack([lines[:, 0], lines[:, 1:4] - shift, lines[:, 4:7] - shift])
    return squared_distances(moved, point)


def cluster_lines(points: Array, lines: Array, indices: list[int], label: int, reject: float) -> Array:
    """Rows t, x, y, z, error of the clusters of labelled points, each from the lines that its points name."""
    located = []
    for name in np.unique(points[:, label]):
        if name == -1 or np.isnan(name):
            continue
        cluster = points[points[:, label] == name]
        rows, counts = np.unique(cluster[:, indices].astype(int), return_counts=True)
        good = usable(lines[rows])
        own, weights = lines[rows][good], counts[good]
        centre, epoch = cluster[:, 1:4].mean(axis=0), own[:, 0].mean() if len(own) else 0.0
        span = np.abs(own[:, 0] - epoch).max(initial=0.0) or 1.0
        own = np.column_stack([(own[:, 0] - epoch) / span, own[:, 1:7]])
        at, found = (centre, np.zeros(3)), False
        for _ in range(10):
            squared = timed_distances(own, at)
            median = np.quantile(np.repeat(squared, weights), 0.5, method="inverted_cdf") if len(own) else 0.0
            used = squared <= reject**2 * median
            following = motion(own[used]) if used.sum() > 1 else None
            found = following is not None
            if following is None or np.allclose(following, at, rtol=0, atol=1e-12):
                break
            at = following
        if not found:
            used, at = np.ones(len(own), dtype=bool), (centre, np.zeros(3))
        error = np.sqrt(timed_distances(own, at)[used].mean()) if used.any() else np.nan
        time = own[used, 0].mean() if found else 0.0
        located.append([epoch + span * time if found else cluster[:, 0].mean(), *(at[0] + time * at[1]), error])
    return np.array(located).reshape(-1, 5)
