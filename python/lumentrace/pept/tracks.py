"""Labelled trajectories as one table, sorted by label and time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumentrace.base import selection
from lumentrace.base.big_array import BigArray
from lumentrace.base.mapping import BLOCK
from lumentrace.base.places import Places, tally
from lumentrace.data.points import SIGMAS, XYZ, PointData
from lumentrace.pept.labelled_rows import LabelledRows
from lumentrace.plots.tables import Floats, Table, tables

Points: TypeAlias = PointData | ArrayLike | Sequence[PointData | ArrayLike]
Indices: TypeAlias = NDArray[np.intp]
GAP_INTERVALS = 10.0
DEFINITIONS = {
    SIGMAS: ("sigma", "square root of the sum of the squares along x, y and z"),
    ("error",): ("spread", "of the column “error”"),
}
"""Name of the errors and what their total is, by the columns they come from."""
SPEED_WINDOW = 11
"""Points of a speed where the table has no velocities."""


@dataclass(frozen=True)
class Errors:
    """What a table says about the errors of its points.

    Attributes
    ----------
    name : str
        "sigma" of standard uncertainties, "spread" of anything else.
    definition : str
        What `total` is.
    axes : (N, 3) array
        Along x, y and z.
    total : (N,) array
    """

    name: str
    definition: str
    axes: BigArray
    total: BigArray


@dataclass(frozen=True)
class Tracks:
    """Located points, those of trajectories sorted by label and time; long columns are on disk.

    Attributes
    ----------
    t : (N,) array
        Times of the points that belong to a trajectory.
    xyz : (N, 3) array
    errors : Errors or None
        From the columns sigma_x, sigma_y and sigma_z, or else `error`; None if there are none.
    speed : (N,) array or None
        Length of the velocity in the columns vx, vy and vz, if there are such.
    labels : (K,) array
        Of the trajectories, ascending.
    counts : (K,) array of int
        Points of each trajectory.
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

    t: BigArray
    xyz: BigArray
    errors: Errors | None
    speed: BigArray | None
    labels: Floats
    counts: Indices
    loose_t: BigArray
    loose_xyz: BigArray
    dropped: int
    max_gap: float | None
    units: Mapping[str, str]

    @cached_property
    def starts(self) -> Indices:
        """Where each trajectory begins in the table."""
        return np.cumsum(self.counts) - self.counts

    @property
    def ends(self) -> Indices:
        """The last point of each trajectory."""
        return self.starts + self.counts - 1

    @cached_property
    def gaps(self) -> Floats:
        """For each trajectory the longest time between points that is not a gap; NaN where no two points differ."""
        if self.max_gap is not None:
            return np.full(len(self.labels), self.max_gap)
        intervals = BigArray.empty((len(self.t),))
        for rows, trajectory in self.blocks():
            interval = np.diff(self.t[rows.start : rows.stop + 1], append=[np.nan] * (rows.stop == len(self.t)))
            last = self.ends[trajectory] == np.arange(rows.start, rows.stop)
            intervals[rows] = np.where((interval > 0) & ~last, interval, np.nan)
        return GAP_INTERVALS * self.per_trajectory(intervals)

    @cached_property
    def breaks(self) -> Indices:
        """The first point of each stretch of trajectory without a gap."""
        return self.breaks_from(0.0)

    def breaks_from(self, least: float) -> Indices:
        """Like `breaks`, but only gaps longer than `least` count."""
        found = [self.starts]
        for rows, trajectory in self.blocks():
            first = max(rows.start - 1, 0)
            limit = np.fmax(self.gaps[trajectory], least)[first - rows.start + 1 :]
            found.append(np.flatnonzero(np.diff(self.t[first : rows.stop]) > limit) + first + 1)
        return np.unique(np.concatenate(found))

    @property
    def total(self) -> int:
        """All points, in trajectories or not."""
        return len(self.t) + len(self.loose_t)

    def trajectories(self) -> Iterator[slice]:
        """The points of each trajectory."""
        return (slice(start, end + 1) for start, end in zip(self.starts, self.ends, strict=True))

    def blocks(self) -> Iterator[tuple[slice, Indices]]:
        """Blocks of points, and the number of the trajectory of each point."""
        for start in range(0, len(self.t), BLOCK):
            rows = slice(start, min(start + BLOCK, len(self.t)))
            yield rows, np.searchsorted(self.starts, np.arange(rows.start, rows.stop), side="right") - 1

    def per_trajectory(self, values: BigArray, quantile: float = 0.5) -> Floats:
        """A quantile of `values` for each trajectory, NaNs left out; NaN where none is left."""
        result = np.empty(len(self.labels))
        first = 0
        while first < len(result):
            after = int(np.searchsorted(self.ends, self.starts[first] + BLOCK))
            if after > first:
                rows = slice(self.starts[first], self.ends[after - 1] + 1)
                result[first:after] = _quantiles(values[rows], self.counts[first:after], quantile)
            else:
                after = first + 1
                own = values.part(self.starts[first], self.ends[first] + 1)
                low, high, share = selection.around(own.blocks, quantile)
                result[first] = low + (high - low) * share
            first = after
        return result


def _quantiles(values: Floats, counts: Indices, quantile: float) -> Floats:
    """A quantile of each group of values, so many in each."""
    starts = np.cumsum(counts) - counts
    known = np.where(np.isfinite(values), values, np.nan)
    ordered = known[np.lexsort((known, np.repeat(np.arange(len(counts)), counts)))]
    number = np.add.reduceat(np.isfinite(known).astype(np.intp), starts)
    place = quantile * np.maximum(number - 1, 0)
    low = ordered[starts + np.floor(place).astype(np.intp)]
    high = ordered[starts + np.ceil(place).astype(np.intp)]
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
    source = LabelledRows(tables(trajectories, "points", ("t", *XYZ)))
    labels, counts = tally(source.labels())
    found = _sorted(source, labels, counts)
    known = ~np.isnan(labels)
    own = int(counts[known].sum())
    kept = {name: values.part(0, own) for name, values in found.items()}
    return Tracks(
        t=kept["t"],
        xyz=kept["xyz"],
        errors=Errors(*DEFINITIONS[source.errors], kept["axes"], kept["total"]) if source.errors else None,
        speed=kept.get("speed"),
        labels=labels[known],
        counts=counts[known],
        loose_t=found["t"].part(own, len(found["t"])),
        loose_xyz=found["xyz"].part(own, len(found["t"])),
        dropped=source.count - len(found["t"]),
        max_gap=max_gap,
        units={"t": "ms", "x": "mm"} | _known_units(source.tables),
    )


def _sorted(source: LabelledRows, labels: Floats, counts: Indices) -> dict[str, BigArray]:
    """Columns of all known rows, sorted by label and time."""
    shapes = _values(np.empty((0, 4)), np.empty((0, len(source.errors))), np.empty((0, len(source.velocities))))
    found = {name: BigArray.empty((int(counts.sum()), *values.shape[1:])) for name, values in shapes.items()}
    places = Places(counts)
    for label, *columns in source.blocks():
        order, place = places.of(np.searchsorted(labels, label))
        for name, values in _values(*columns).items():
            found[name][place] = values[order]
    starts = np.cumsum(counts) - counts
    for number in _out_of_order(found["t"], starts):
        rows = slice(starts[number], starts[number] + counts[number])
        order = np.argsort(found["t"][rows], kind="stable")
        for column in found.values():
            column[rows] = column[rows][order]
    return found


def _values(rows: Floats, errors: Floats, velocities: Floats) -> dict[str, Floats]:
    """What is kept of rows."""
    found = {"t": rows[:, 0], "xyz": rows[:, 1:]}
    if errors.shape[1]:
        found["axes"] = errors if errors.shape[1] == 3 else np.repeat(errors, 3, axis=1)
        found["total"] = np.sqrt((errors**2).sum(axis=1)) if errors.shape[1] == 3 else errors[:, 0]
    if velocities.shape[1]:
        found["speed"] = np.linalg.norm(velocities, axis=1)
    return found


def _out_of_order(t: BigArray, starts: Indices) -> Indices:
    """The groups in which a time is below the one before."""
    found = [np.empty(0, dtype=np.intp)]
    for first in range(0, len(t), BLOCK):
        later = np.flatnonzero(np.diff(t[first : first + BLOCK + 1]) < 0) + first + 1
        group = np.searchsorted(starts, later, side="right") - 1
        found.append(group[starts[group] != later])
    return np.unique(np.concatenate(found))


def _known_units(source: list[Table]) -> dict[str, str]:
    return {name: table.units[name] for table in source for name in ("t", "x") if table.units.get(name)}
