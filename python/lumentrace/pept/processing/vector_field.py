"""Mean velocities, or other vectors, where a tracer passes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from numpy.typing import ArrayLike

from lumentrace.data.grid import Grid
from lumentrace.data.pixels import Pixels
from lumentrace.data.voxels import Voxels
from lumentrace.pept.processing.moving import MovingTracerMap
from lumentrace.pept.processing.vector_grid import VectorGrid2D, VectorGrid3D


class VectorField2D(MovingTracerMap):
    """Mean vector in each pixel of a plane, over all passages of the tracer.

    Parameters
    ----------
    diameter : float
        Of the tracer, in mm.
    columns : (2,) sequence of str or int, default ("vx", "vy")
        Components of the vector along the axes of the plane; `Velocity` appends them.
    dimensions : str, default "xy"
        Axes of the plane.
    resolution : (2,) sequence of int
        Pixels along each axis.
    xlim, ylim : (2,) array-like, optional
        Limits of the first and second axis in mm; by default those of the tracer at all points.
    max_workers : int, optional
        Threads; all cores by default.
    verbose : bool, default True
        For compatibility; there is nothing to show.
    sigmas : sequence of str or int, default ()
        Columns of standard uncertainties of the points, such as those of `LineTracker`: a point weighs by the inverse
        of the sum of their squares. All weigh the same by default.

    Raises
    ------
    ValueError
        If an argument makes no sense, there is no such column, or neither a limit nor a point.

    Notes
    -----
    As `DynamicProbability2D` for each component; pixels where the tracer never was are NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import PointData
    >>> from lumentrace.pept.processing import VectorField2D
    >>> from lumentrace.pept.tracking import Velocity
    >>> t = np.arange(100.0)
    >>> circle = PointData(np.column_stack([t, 9 * np.cos(t / 9), 9 * np.sin(t / 9), 0 * t]))
    >>> field = VectorField2D(2.0, resolution=(9, 9)).fit(Velocity(7).fit(circle, verbose=False))
    >>> field.vectors().shape[1], bool(np.nanmax(np.hypot(field.xpixels, field.ypixels)) < 1.01)
    (4, True)
    """

    grid: ClassVar[type[Grid]] = Pixels

    def __init__(
        self,
        diameter: float,
        columns: Sequence[str | int] = ("vx", "vy"),
        dimensions: str = "xy",
        resolution: ArrayLike = (50, 50),
        xlim: ArrayLike | None = None,
        ylim: ArrayLike | None = None,
        max_workers: int | None = None,
        verbose: bool = True,
        sigmas: Sequence[str | int] = (),
    ) -> None:
        super().__init__(
            diameter, _components(columns, 2), dimensions, resolution, [xlim, ylim], max_workers, verbose, sigmas
        )
        self.columns, self.xlim, self.ylim = list(columns), xlim, ylim

    def fit(self, samples: Any) -> VectorGrid2D:
        """Map the trajectories: samples of a `PointData`, a list of them, or a LazyFrame with a column `label`."""
        return VectorGrid2D(*self._averages(samples))


class VectorField3D(MovingTracerMap):
    """Mean vector in each voxel of space, over all passages of the tracer.

    Parameters
    ----------
    diameter : float
        Of the tracer, in mm.
    columns : (3,) sequence of str or int, default ("vx", "vy", "vz")
        Components of the vector along the axes; `Velocity` appends them.
    dimensions : str, default "xyz"
        Axes of the grid.
    resolution : (3,) sequence of int
        Voxels along each axis.
    xlim, ylim, zlim : (2,) array-like, optional
        Limits of the axes in mm; by default those of the tracer at all points.
    max_workers : int, optional
        Threads; all cores by default.
    verbose : bool, default True
        For compatibility; there is nothing to show.
    sigmas : sequence of str or int, default ()
        Columns of standard uncertainties of the points, such as those of `LineTracker`: a point weighs by the inverse
        of the sum of their squares. All weigh the same by default.

    Raises
    ------
    ValueError
        As `VectorField2D`.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import PointData
    >>> from lumentrace.pept.processing import VectorField3D
    >>> from lumentrace.pept.tracking import Velocity
    >>> t = np.arange(50.0)
    >>> line = PointData(np.column_stack([t, 2 * t, 0 * t, 0 * t]))
    >>> field = VectorField3D(2.0, resolution=(9, 3, 3)).fit(Velocity(7).fit(line, verbose=False))
    >>> float(field.xvoxels[4, 1, 1].round(9))
    2.0
    """

    grid: ClassVar[type[Grid]] = Voxels

    def __init__(
        self,
        diameter: float,
        columns: Sequence[str | int] = ("vx", "vy", "vz"),
        dimensions: str = "xyz",
        resolution: ArrayLike = (50, 50, 50),
        xlim: ArrayLike | None = None,
        ylim: ArrayLike | None = None,
        zlim: ArrayLike | None = None,
        max_workers: int | None = None,
        verbose: bool = True,
        sigmas: Sequence[str | int] = (),
    ) -> None:
        super().__init__(
            diameter, _components(columns, 3), dimensions, resolution, [xlim, ylim, zlim], max_workers, verbose, sigmas
        )
        self.columns, self.xlim, self.ylim, self.zlim = list(columns), xlim, ylim, zlim

    def fit(self, samples: Any) -> VectorGrid3D:
        """Map the trajectories: samples of a `PointData`, a list of them, or a LazyFrame with a column `label`."""
        return VectorGrid3D(*self._averages(samples))


def _components(columns: Sequence[str | int], count: int) -> Sequence[str | int]:
    if isinstance(columns, str) or len(columns) != count:
        raise ValueError(f"`columns`: expected {count} names or numbers, found {columns!r}")
    return columns
