"""Points that stand alone in time, and tracers that do not move."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.data.points import PointData
from lumentrace.engine.samples.transformer import Reducer
from lumentrace.pept.tracking.stack import stacked_points


class OutOfViewFilter(Reducer):
    """Remove points that are sparse in time, as of a tracer that leaves the field of view.

    Parameters
    ----------
    max_time : float, default 200
        A point stays if its `k`-th nearest neighbour in time is less than this many ms away.
    k : int, default 5
        Which neighbour to look at, at least 1.

    Raises
    ------
    ValueError
        If a parameter makes no sense.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import PointData
    >>> from lumentrace.pept.tracking import OutOfViewFilter
    >>> t = np.array([0, 1, 2, 3, 4, 900])
    >>> OutOfViewFilter(max_time=10, k=2).fit(PointData(np.column_stack([t, t, t, t])))["t"]
    array([0., 1., 2., 3., 4.])
    """

    def __init__(self, max_time: float = 200, k: int = 5) -> None:
        if not max_time > 0:
            raise ValueError(f"`max_time`: expected a time > 0 ms, found {max_time}")
        if int(k) != k or k < 1:
            raise ValueError(f"`k`: expected a whole number of at least 1, found {k}")
        self.max_time, self.k = float(max_time), int(k)

    def fit(self, points: Any) -> PointData:
        """Keep the dense points of all `points`: a `PointData` or anything that stacks into one."""
        stacked = stacked_points("OutOfViewFilter", points)
        order = np.argsort(stacked.points[:, 0], kind="stable")
        near = np.empty(len(order), dtype=bool)
        near[order] = _neighbour(stacked.points[order, 0], self.k) < self.max_time
        return stacked.copy(data=stacked.points[near])


@np.errstate(invalid="ignore")
def _neighbour(times: NDArray[np.float64], k: int) -> NDArray[np.float64]:
    """Time from each of the sorted `times` to its `k`-th nearest neighbour; infinite with fewer."""
    nearest = np.full(len(times), np.inf)
    for before in range(k + 1):
        # Among the k + 1 times around a point, itself included, `before` come earlier.
        first, last = before, len(times) - (k - before)
        if first >= last:
            continue
        middle = times[first:last]
        reach = np.maximum(middle - times[: last - first], times[first + (k - before) : last + (k - before)] - middle)
        nearest[first:last] = np.minimum(nearest[first:last], reach)
    return nearest


class RemoveStatic(Reducer):
    """Remove the stretches of time in which a tracer does not move.

    Time is cut into windows from the first point on. A window is static if the `quantile` of the distances of its
    points from their mean is at most `max_distance`; its points go, and so do those of the windows next to it.

    Parameters
    ----------
    time_window : float
        Length of a window in ms.
    max_distance : float
        Distance in mm.
    quantile : float, default 0.9
        From 0 to 1.

    Raises
    ------
    ValueError
        If a parameter makes no sense.

    Notes
    -----
    Give it one trajectory at a time.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import PointData
    >>> from lumentrace.pept.tracking import RemoveStatic
    >>> t = np.arange(100.0)
    >>> x = np.maximum(t - 50, 0)
    >>> RemoveStatic(10, 1).fit(PointData(np.column_stack([t, x, x, x])))["t"].min()
    np.float64(60.0)
    """

    def __init__(self, time_window: float, max_distance: float, quantile: float = 0.9) -> None:
        if not (time_window > 0 and np.isfinite(time_window)):
            raise ValueError(f"`time_window`: expected a time > 0 ms, found {time_window}")
        if not max_distance >= 0:
            raise ValueError(f"`max_distance`: expected a distance >= 0 mm, found {max_distance}")
        if not 0 <= quantile <= 1:
            raise ValueError(f"`quantile`: expected a number from 0 to 1, found {quantile}")
        self.time_window, self.max_distance, self.quantile = float(time_window), float(max_distance), float(quantile)

    @np.errstate(all="ignore")
    def fit(self, points: Any) -> PointData:
        """Keep the moving points of all `points`: a `PointData` or anything that stacks into one."""
        stacked = stacked_points("RemoveStatic", points)
        times = stacked.points[:, 0]
        known = times[np.isfinite(times)]
        if not len(known):
            return stacked.copy()
        window = np.floor((times - known.min()) / self.time_window)
        static = [
            number for number in np.unique(window[np.isfinite(window)]) if self._rests(stacked.points, window, number)
        ]
        gone = np.isin(window, np.add.outer([-1.0, 0.0, 1.0], static).ravel())
        return stacked.copy(data=stacked.points[~gone])

    def _rests(self, rows: NDArray[np.float64], window: NDArray[np.float64], number: float) -> bool:
        xyz = rows[window == number, 1:4]
        xyz = xyz[np.isfinite(xyz).all(axis=1)]
        if not len(xyz):
            return False
        distance = np.linalg.norm(xyz - xyz.mean(axis=0), axis=1)
        return bool(np.quantile(distance, self.quantile) <= self.max_distance)
