"""Points, separated into the trajectories of the tracers."""

from __future__ import annotations

from typing import Any

import numpy as np

from lumentrace import _core
from lumentrace.data.points import PointData
from lumentrace.engine.samples.transformer import Reducer
from lumentrace.pept.tracking.stack import Stack


class Segregate(Reducer):
    """Label points by trajectory: a minimum spanning tree in space and time, cut at long edges.

    Points are joined to their `window` successors in time; edges of `cut_distance` or more are cut, and what stays
    connected is a trajectory.

    Parameters
    ----------
    window : int
        How many successors in time a point is compared with, >= 0; 20 points per tracer is typical.
    cut_distance : float
        Shortest distance in mm that separates two trajectories.
    min_trajectory_size : int, default 5
        Trajectories with fewer points are noise, label -1.
    max_time_interval : float, default infinity
        Points further apart in time (ms) are never joined.

    Raises
    ------
    ValueError
        If a parameter is negative or nan.

    Notes
    -----
    The result is one sample: the points in order of time with a last column `label`, 0, 1, ... by first appearance.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import PointData
    >>> from lumentrace.pept.tracking import Segregate
    >>> t = np.arange(20.0)
    >>> here, there = np.c_[t, t, t, t], np.c_[t + 0.5, t + 50, t, t]
    >>> trajectories = Segregate(window=5, cut_distance=10).fit([PointData(here), PointData(there)])
    >>> np.unique(trajectories["label"], return_counts=True)
    (array([0., 1.]), array([20, 20]))
    """

    def __init__(
        self,
        window: int,
        cut_distance: float,
        min_trajectory_size: int = 5,
        max_time_interval: float = np.inf,
    ) -> None:
        self.window = _whole("window", window)
        self.cut_distance = _number("cut_distance", cut_distance)
        self.min_trajectory_size = _whole("min_trajectory_size", min_trajectory_size)
        self.max_time_interval = _number("max_time_interval", max_time_interval)

    def fit(self, points: Any) -> PointData:
        """Label the trajectories of all `points`: a `PointData` or anything that stacks into one."""
        stacked = Stack().fit(points)
        if not isinstance(stacked, PointData):
            stacked = PointData(stacked if len(stacked) else np.empty((0, 4)))
        order, labels = _core.segregate(
            np.ascontiguousarray(stacked.points),
            self.window,
            self.cut_distance,
            self.min_trajectory_size,
            self.max_time_interval,
        )
        rows = np.column_stack([stacked.points[order], labels])
        labelled: PointData = stacked.copy(data=rows, columns=[*stacked.columns, "label"])
        return labelled


def _whole(name: str, value: Any) -> int:
    if int(value) != value or value < 0:
        raise ValueError(f"`{name}`: expected a whole number >= 0, found {value}")
    return int(value)


def _number(name: str, value: float) -> float:
    if not value >= 0:
        raise ValueError(f"`{name}`: expected a number >= 0, found {value}")
    return float(value)
