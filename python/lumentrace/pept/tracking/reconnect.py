"""Trajectories that were lost and found again, joined."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.data.points import PointData
from lumentrace.engine.samples.transformer import Reducer
from lumentrace.pept.tracking.stack import Stack

NOISE = -1


class Reconnect(Reducer):
    """Join trajectories that continue one another.

    The trajectory that starts within `tmax` after another one ends, nearer than `dmax` to it, becomes its continuation;
    of several the nearest, measured by the mean of distance and signature differences, each relative to its limit.

    Parameters
    ----------
    tmax : float
        Longest time between the end of one trajectory and the start of the next, in ms.
    dmax : float
        Distance in mm between the mean of the last `num_points` points of one and the first of the next that is not
        reached.
    column : str, default "label"
        Column that tells the trajectories apart.
    num_points : int, default 10
        Points at each end that are averaged.
    **signatures : float
        Columns that tell tracers apart, such as ``error=3`` or ``cluster_size=50``: the difference of their means that
        is not reached.

    Raises
    ------
    ValueError
        If a parameter is negative or NaN, or there is no such column.

    Notes
    -----
    The result is one sample in order of time; trajectories are numbered 0, 1, ... by the time of their first point.
    Points labelled -1 stay noise.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import PointData
    >>> from lumentrace.pept.tracking import Reconnect
    >>> t = np.delete(np.arange(30.0), slice(10, 15))
    >>> rows = np.column_stack([t, t, 0 * t, 0 * t, t > 12])
    >>> halves = PointData(rows, columns=["t", "x", "y", "z", "label"])
    >>> set(Reconnect(tmax=10, dmax=20).fit(halves)["label"].tolist())
    {0.0}
    """

    def __init__(
        self, tmax: float, dmax: float, column: str = "label", num_points: int = 10, **signatures: float
    ) -> None:
        for name, value in {"tmax": tmax, "dmax": dmax, **signatures}.items():
            if not value >= 0:
                raise ValueError(f"`{name}`: expected a number >= 0, found {value}")
        if int(num_points) != num_points or num_points < 1:
            raise ValueError(f"`num_points`: expected a whole number of at least 1, found {num_points}")
        self.tmax, self.dmax, self.column = float(tmax), float(dmax), str(column)
        self.num_points = int(num_points)
        self.signatures = {name: float(value) for name, value in signatures.items()}

    def fit(self, points: Any) -> PointData:
        """Join the trajectories of all `points`: a `PointData` or anything that stacks into one."""
        stacked = Stack().fit(points)
        if not isinstance(stacked, PointData):
            stacked = PointData(stacked)
        for name in (self.column, *self.signatures):
            if name not in stacked.columns:
                raise ValueError(f"Reconnect: expected a column {name!r}, found {stacked.columns}")
        rows = stacked.points[np.argsort(stacked.points[:, 0], kind="stable")]
        label = stacked.columns.index(self.column)
        pieces = [rows[rows[:, label] == value] for value in np.unique(rows[:, label]) if value >= 0]
        pieces.sort(key=lambda piece: piece[0, 0])
        labels = np.full(len(rows), float(NOISE))
        for number, chain in enumerate(self._chains(pieces, stacked.columns)):
            labels[np.isin(rows[:, label], [pieces[i][0, label] for i in chain])] = number
        rows[:, label] = labels
        return stacked.copy(data=rows)

    def _chains(self, pieces: list[NDArray[np.float64]], columns: list[str]) -> Iterator[list[int]]:
        """The pieces of each trajectory, in order of their first points."""
        free = set(range(len(pieces)))
        for first in range(len(pieces)):
            if first not in free:
                continue
            chain = [first]
            free.discard(first)
            while (following := self._nearest(pieces, chain[-1], free, columns)) is not None:
                chain.append(following)
                free.discard(following)
            yield chain

    def _nearest(self, pieces: list[NDArray[np.float64]], last: int, free: set[int], columns: list[str]) -> int | None:
        tail = pieces[last][-self.num_points :]
        costs = {}
        for candidate in sorted(free):
            head = pieces[candidate][: self.num_points]
            if 0 < head[0, 0] - tail[-1, 0] <= self.tmax:
                costs[candidate] = self._cost(tail, head, columns)
        best = min(costs, key=costs.__getitem__, default=None)
        return best if best is not None and np.isfinite(costs[best]) else None

    def _cost(self, tail: NDArray[np.float64], head: NDArray[np.float64], columns: list[str]) -> float:
        limits = {"distance": self.dmax, **self.signatures}
        found = {"distance": float(np.linalg.norm(head[:, 1:4].mean(axis=0) - tail[:, 1:4].mean(axis=0)))}
        for name in self.signatures:
            column = columns.index(name)
            found[name] = abs(float(head[:, column].mean() - tail[:, column].mean()))
        within = all(found[name] < limit for name, limit in limits.items())
        return float(np.mean([found[name] / limit for name, limit in limits.items()])) if within else np.inf
