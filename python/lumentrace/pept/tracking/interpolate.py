"""Points at equal intervals of time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.data.points import PointData
from lumentrace.engine.samples.transformer import PointDataFilter

MOST = 1 << 30
"""Points of a trajectory."""
Interpolator = Callable[..., Callable[[NDArray[np.float64]], Any]]


class Interpolate(PointDataFilter):
    """Interpolate every column of a trajectory at a fixed interval of time.

    Parameters
    ----------
    timestep : float
        Interval in ms. The times are ``numpy.arange(first, last, timestep)``: the last time itself is left out.
    interpolator : callable, optional
        Takes times and values and gives a function of time; `scipy.interpolate.interp1d` by default, which is linear
        unless told otherwise.
    **kwargs
        Further arguments of `interpolator`, such as ``kind="nearest"`` or ``kind="cubic"``.

    Raises
    ------
    ValueError
        If `timestep` is not positive, or the times of a trajectory are not finite.

    Examples
    --------
    >>> from lumentrace import PointData
    >>> from lumentrace.pept.tracking import Interpolate
    >>> Interpolate(timestep=0.5).fit_sample(PointData([[0, 1, 1, 1], [2, 5, 1, 1]]))["x"]
    array([1., 2., 3., 4.])
    """

    def __init__(self, timestep: float, interpolator: Interpolator | None = None, **kwargs: Any) -> None:
        if not timestep > 0:
            raise ValueError(f"`timestep`: expected an interval > 0 ms, found {timestep}")
        self.timestep = float(timestep)
        self.interpolator = interpolator
        self.kwargs = kwargs

    def fit_sample(self, sample: Any) -> PointData:
        """Interpolate one trajectory."""
        points = sample if isinstance(sample, PointData) else PointData(sample)
        rows = points.points[np.argsort(points.points[:, 0], kind="stable")]
        if len(rows) < 2:
            return points.copy(data=rows[:0])
        first, last = float(rows[0, 0]), float(rows[-1, 0])
        if not (last - first) / self.timestep < MOST:
            raise ValueError(
                f"Interpolate: expected finite times that span fewer than {MOST} intervals of {self.timestep:g} ms, "
                f"found {first:g} to {last:g} ms"
            )
        times = np.arange(first, last, self.timestep)
        columns = [self._column(rows[:, 0], rows[:, i], times) for i in range(1, rows.shape[1])]
        return points.copy(data=np.column_stack([times, *columns]))

    def _column(
        self, known: NDArray[np.float64], values: NDArray[np.float64], times: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        if self.interpolator is None and not self.kwargs:
            return np.interp(times, known, values)
        from scipy.interpolate import interp1d

        interpolator = self.interpolator or interp1d
        return np.asarray(interpolator(known, values, **self.kwargs)(times), dtype=np.float64)
