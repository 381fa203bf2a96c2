"""Points in space and time: cutpoints, locations, trajectories."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from lumentrace.base import doors
from lumentrace.data.iterable_samples import IterableSamples

XYZ = ("x", "y", "z")
VELOCITIES = ("vx", "vy", "vz")
SIGMAS = ("sigma_x", "sigma_y", "sigma_z")
"""Columns of places, velocities and standard uncertainties."""


class PointData(IterableSamples):
    """Points: a time and a position per row.

    Parameters
    ----------
    points : (N, C >= 4) array-like, or PointData, or a list of either
        Columns t (ms), x, y, z (mm), then any others. A list is stacked, one sample per item.
    sample_size, overlap
        How the rows are cut into samples: an int, a list of ints, a `TimeWindow` or an `AdaptiveWindow`.
    columns : sequence of str
        Names of the columns.
    **attrs
        Anything worth keeping beside the rows.

    Raises
    ------
    ValueError
        If `points` is not a table of numbers with at least 4 columns, or the sampling is impossible.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import PointData
    >>> points = PointData(np.arange(40).reshape(10, 4), sample_size=3)
    >>> len(points)
    3
    >>> points.overlap = 2
    >>> len(points)
    8
    """

    default_columns: ClassVar[Sequence[str]] = ("t", "x", "y", "z")
    data_name: ClassVar[str] = "points"
    places: ClassVar[tuple[tuple[int, int, int], ...]] = ((1, 2, 3),)

    def __init__(
        self,
        points: Any,
        sample_size: object = None,
        overlap: object = None,
        columns: Sequence[str] | None = None,
        **attrs: Any,
    ) -> None:
        super().__init__(points, sample_size, overlap, columns, **attrs)

    @property
    def points(self) -> NDArray[np.float64]:
        """The rows, shape (N, C): the same array as `data`."""
        return self._data

    def to_xarray(self) -> Any:
        """The trajectories as an `xarray.Dataset`; see `lumentrace.storage.to_xarray`."""
        return doors.through("to_xarray")(self)
