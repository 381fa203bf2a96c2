"""Labelled trajectories as one table, and what can be said of them: speed, time located, distance from the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumentrace.base import mapping
from lumentrace.data.points import PointData
from lumentrace.plots.tables import Floats, Table, tables

Points: TypeAlias = PointData | ArrayLike | Sequence[PointData | ArrayLike]
GAP_INTERVALS = 10.0
BLOCK = 2**16
"""Points whose speed is computed at a time."""
XYZ = ("x", "y", "z")
SIGMAS = ("sigma_x", "sigma_y", "sigma_z")
VELOCITIES = ("vx", "vy", "vz")


@dataclass(frozen=True)
class Errors:
    """What a table says about the errors of its points.

    Attributes
    ----------
    name : str
        "sigma" of standard uncertainties, "spread" of anything else.
    axes : (N, 3) array
        Along x, y and z.
    total : (N,) array
    definition : str
        What `total` is.
    """

    name: str
    axes: Floats
    total: Floats
    definition: str

    def __getitem__(self, rows: NDArray[np.intp]) -> Errors:
        """Those of some rows."""
        return replace(self, axes=self.axes[rows], total=self.total[rows])


@dataclass(frozen=True)
class Tracks:
    """Located points, those of trajectories sorted by label and time.

    Attributes
    ----------
    t : (N,) array
        Times of the points that belong to a trajectory.
    xyz : (N, 3) array
    errors : Errors or None
        From the columns sigma_x, sigma_y and sigma_z, or else `error`; None if there are none.
    velocity : (N, 3) array or None
        The columns vx, vy and vz, if there are such.
    label : (N,) array
    loose_t, loose_xyz : (M,) and (M, 3) arrays
        The points that belong to none, sorted by time.
    dropped : int
        Rows left out because their time or position is not finite.
    max_gap : float or None
        Two points of a trajectory further apart in time than this have a gap between them; None stands for 10 times
        the median interval of that trajectory.
    units : mapping
        Units of t and x.
    """

    t: Floats
    xyz: Floats
    errors: Errors | None
    velocity: Floats | None
    label: Floats
    loose_t: Floats
    loose_xyz: Floats
    dropped: int
    max_gap: float | None
    units: Mapping[str, str]

    @cached_property
    def labels(self) -> Floats:
        """The different labels, ascending."""
        return np.unique(self.label)

    @cached_property
    def starts(self) -> NDArray[np.intp]:
        """Where each trajectory begins in the table."""
        return np.searchsorted(self.label, self.labels)

    @cached_property
    def counts(self) -> NDArray[np.intp]:
        """Points of each trajectory."""
        return np.diff(self.starts, append=len(self.t))

    @cached_property
    def gaps(self) -> Floats:
        """For each trajectory the longest time between points that is not a gap; NaN where no two points differ."""
        if self.max_gap is not None:
            return np.full(len(self.labels), self.max_gap)
        interval = np.diff(self.t, append=np.nan)
        interval[(self.starts + self.counts - 1)] = np.nan
        return GAP_INTERVALS * self.per_trajectory(np.where(interval > 0, interval, np.nan))

    @cached_property
    def segment(self) -> NDArray[np.intp]:
        """For each point the number of its stretch of trajectory without a gap."""
        return self.segments(0.0)

    def segments(self, least: float) -> NDArray[np.intp]:
        """Like `segment`, but only gaps longer than `least` count."""
        limit = np.fmax(np.repeat(self.gaps, self.counts), least)
        wide = np.diff(self.t) > limit[1:]
        return np.cumsum(np.concatenate([np.zeros(min(1, len(self.t)), dtype=bool), (np.diff(self.label) != 0) | wide]))

    @property
    def total(self) -> int:
        """All points, in trajectories or not."""
        return len(self.t) + len(self.loose_t)

    def per_trajectory(self, values: Floats, quantile: float = 0.5) -> Floats:
        """A quantile of `values` for each trajectory, NaNs left out; NaN where none is left."""
        if not len(self.t):
            return np.empty(0)
        known = np.where(np.isfinite(values), values, np.nan)
        ordered = known[np.lexsort((known, self.label))]
        number = np.add.reduceat(np.isfinite(known).astype(np.intp), self.starts)
        place = quantile * np.maximum(number - 1, 0)
        below = self.starts + np.floor(place).astype(np.intp)
        above = self.starts + np.ceil(place).astype(np.intp)
        low, high = ordered[below], ordered[above]
        return np.asarray(low + (high - low) * (place % 1))


def tracks(trajectories: Points, max_gap: float | None) -> Tracks:
    """Bring trajectories to one sorted table.

    Parameters
    ----------
    trajectories : PointData, (N, >=4) array-like, or list of these
        The column `label` (in an array with more than 4 columns: the last one) tells the trajectories apart; negative
        and NaN labels belong to none. Without it the points are one trajectory, and the items of a list are one each.
    max_gap : float, optional
        See `Tracks`.
    """
    source = tables(trajectories, "points", ("t", *XYZ))
    labels = [_labels(table, number) for number, table in enumerate(source)]
    rows = np.concatenate([np.empty((0, 4)), *(table.rows[:, :4] for table in source)])
    label = np.concatenate([np.empty(0), *labels])
    errors, velocity = _errors(source), _columns(source, VELOCITIES)
    finite = np.isfinite(rows).all(axis=1)
    assigned = finite & (label >= 0)
    order = np.flatnonzero(assigned)[np.lexsort((rows[assigned, 0], label[assigned]))]
    loose = rows[finite & ~assigned]
    loose = loose[np.argsort(loose[:, 0], kind="stable")]
    for table in source:
        mapping.release(table.rows)
    return Tracks(
        t=rows[order, 0],
        xyz=rows[order, 1:],
        errors=None if errors is None else errors[order],
        velocity=None if velocity is None else velocity[order],
        label=label[order],
        loose_t=loose[:, 0],
        loose_xyz=loose[:, 1:],
        dropped=int((~finite).sum()),
        max_gap=max_gap,
        units={"t": "ms", "x": "mm"} | _known_units(source),
    )


def _labels(table: Table, number: int) -> Floats:
    if "label" in table.columns:
        return table.rows[:, table.columns.index("label")]
    if table.columns[4:] and all(name.startswith("col") for name in table.columns[4:]):
        return table.rows[:, -1]
    return np.full(len(table.rows), float(number))


def _errors(source: list[Table]) -> Errors | None:
    sigmas = _columns(source, SIGMAS)
    if sigmas is not None:
        total = np.sqrt((sigmas**2).sum(axis=1))
        return Errors("sigma", sigmas, total, "square root of the sum of the squares along x, y and z")
    error = _columns(source, ("error",))
    if error is not None:
        return Errors("spread", np.repeat(error, 3, axis=1), error[:, 0], "of the column “error”")
    return None


def _columns(source: list[Table], names: Sequence[str]) -> Floats | None:
    """Some columns of all tables, NaN where one lacks them; None if all do."""
    has = [set(names) <= set(table.columns) for table in source]
    if not any(has):
        return None
    return np.concatenate(
        [
            table.rows[:, [table.columns.index(name) for name in names]]
            if known
            else np.full((len(table.rows), len(names)), np.nan)
            for table, known in zip(source, has, strict=True)
        ]
    )


def _known_units(source: list[Table]) -> dict[str, str]:
    return {name: table.units[name] for table in source for name in ("t", "x") if table.units.get(name)}


def speeds(paths: Tracks, window: int) -> Floats:
    """Speed at each point: that of the table's velocities, or else of a fitted line.

    Returns
    -------
    (N,) array
    """
    return fitted_speeds(paths, window) if paths.velocity is None else np.linalg.norm(paths.velocity, axis=1)


def fitted_speeds(paths: Tracks, window: int) -> Floats:
    """Speed at each point: slope of the least-squares straight line through `window` points around it.

    Computed per axis as Σ(t - t̄)(x - x̄) / Σ(t - t̄)², then the Euclidean norm. NaN where the points around do not all
    lie in one stretch without a gap. O(N window).

    Returns
    -------
    (N,) array
    """
    half = window // 2
    result = np.full(len(paths.t), np.nan)
    centre = np.arange(half, len(paths.t) - half)
    centre = centre[paths.segment[centre - half] == paths.segment[centre + half]]
    if not len(centre):
        return result
    for block in np.array_split(centre, -(-len(centre) // BLOCK)):
        result[block] = _slopes(paths, block, half)
    return result


def _slopes(paths: Tracks, centre: NDArray[np.intp], half: int) -> Floats:
    """Speeds at the points `centre`, of lines through them and `half` points on either side."""
    sum_t, sum_tt = np.zeros(len(centre)), np.zeros(len(centre))
    sum_x, sum_tx = np.zeros((len(centre), 3)), np.zeros((len(centre), 3))
    for offset in range(-half, half + 1):
        dt = paths.t[centre + offset] - paths.t[centre]
        dx = paths.xyz[centre + offset] - paths.xyz[centre]
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
    if not len(paths.t):
        return 0.0
    first = np.flatnonzero(np.diff(paths.segment, prepend=-1))
    last = np.append(first[1:], len(paths.t)) - 1
    start, end = paths.t[first], paths.t[last]
    order = np.argsort(start, kind="stable")
    start, end = start[order], end[order]
    reached = np.maximum.accumulate(np.concatenate([[-np.inf], end[:-1]]))
    return float(np.clip(end - np.maximum(start, reached), 0, None).sum())


def followed_times(paths: Tracks) -> Floats:
    """Time during which each trajectory is followed without a gap."""
    if not len(paths.t):
        return np.empty(0)
    inside = np.diff(paths.segment, append=-1) == 0
    intervals = np.where(inside, np.diff(paths.t, append=0.0), 0.0)
    return np.add.reduceat(intervals, paths.starts)


def truth_errors(paths: Tracks, truth: Tracks) -> tuple[Floats, Floats]:
    """Distance of each point from the true path of the tracer its trajectory is closest to on average.

    The true path is interpolated linearly in time; points outside its time have NaN.

    Returns
    -------
    distance : (N,) array
    tracer : (number of trajectories,) array
        The label of the tracer; NaN where no tracer overlaps in time.
    """
    distance = np.full(len(paths.t), np.nan)
    tracer = np.full(len(paths.labels), np.nan)
    if not len(paths.t):
        return distance, tracer
    best = np.full(len(paths.labels), np.inf)
    for label, rows in zip(truth.labels, np.split(np.arange(len(truth.t)), truth.starts[1:]), strict=True):
        away = _distance(paths, truth.t[rows], truth.xyz[rows])
        known = np.isfinite(away)
        number = np.add.reduceat(known.astype(float), paths.starts)
        total = np.add.reduceat(np.where(known, away, 0.0), paths.starts)
        mean = np.where(number > 0, total / np.maximum(number, 1), np.inf)
        better = mean < best
        best[better], tracer[better] = mean[better], label
        points = np.repeat(better, paths.counts)
        distance[points] = away[points]
    return distance, tracer


def _distance(paths: Tracks, t: Floats, xyz: Floats) -> Floats:
    away = np.stack([np.interp(paths.t, t, xyz[:, i], np.nan, np.nan) for i in range(3)], axis=1)
    return np.asarray(np.sqrt(((away - paths.xyz) ** 2).sum(axis=1)))
