"""What a quantity is on average where a tracer passes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from numpy.typing import ArrayLike

from lumentrace.data.grid import Grid
from lumentrace.data.pixels import Pixels
from lumentrace.data.voxels import Voxels
from lumentrace.pept.processing.moving import MovingTracerMap


class _Average(MovingTracerMap):
    def fit(self, samples: Any) -> Any:
        """Map the trajectories: samples of a `PointData`, a list of them, or a LazyFrame with a column `label`."""
        return self._averages(samples)[0]


class DynamicProbability2D(_Average):
    """Mean of a column in each pixel of a plane, over all passages of the tracer.

    Parameters
    ----------
    diameter : float
        Of the tracer, in mm.
    column : str or int
        Quantity to average, such as a speed.
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
    The tracer has the value of a point until the next one, and each passage counts with the area that it has in common
    with the pixel. Pixels where the tracer never was are NaN.

    Examples
    --------
    >>> from lumentrace import PointData
    >>> from lumentrace.pept.processing import DynamicProbability2D
    >>> track = PointData([[0, 0, 0, 0, 5], [1, 4, 0, 0, 7]], columns=["t", "x", "y", "z", "v"])
    >>> speed = DynamicProbability2D(1.0, "v", resolution=(3, 3), ylim=(-1.5, 1.5)).fit(track)
    >>> speed.pixels[1].round(12).tolist()
    [nan, 5.0, nan]
    """

    grid: ClassVar[type[Grid]] = Pixels

    def __init__(
        self,
        diameter: float,
        column: str | int,
        dimensions: str = "xy",
        resolution: ArrayLike = (512, 512),
        xlim: ArrayLike | None = None,
        ylim: ArrayLike | None = None,
        max_workers: int | None = None,
        verbose: bool = True,
        sigmas: Sequence[str | int] = (),
    ) -> None:
        super().__init__(diameter, [column], dimensions, resolution, [xlim, ylim], max_workers, verbose, sigmas)
        self.column, self.xlim, self.ylim = column, xlim, ylim


class DynamicProbability3D(_Average):
    """Mean of a column in each voxel of space, over all passages of the tracer.

    Parameters
    ----------
    diameter : float
        Of the tracer, in mm.
    column : str or int
        Quantity to average, such as a speed.
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
        As `DynamicProbability2D`.

    Notes
    -----
    As `DynamicProbability2D`, with volumes. Voxels where the tracer never was are NaN.

    Examples
    --------
    >>> from lumentrace import PointData
    >>> from lumentrace.pept.processing import DynamicProbability3D
    >>> track = PointData([[0, 0, 0, 0, 5], [1, 4, 0, 0, 7]], columns=["t", "x", "y", "z", "v"])
    >>> float(DynamicProbability3D(1.0, "v", resolution=(3, 3, 3)).fit(track)[1, 1, 1].round(12))
    5.0
    """

    grid: ClassVar[type[Grid]] = Voxels

    def __init__(
        self,
        diameter: float,
        column: str | int,
        dimensions: str = "xyz",
        resolution: ArrayLike = (50, 50, 50),
        xlim: ArrayLike | None = None,
        ylim: ArrayLike | None = None,
        zlim: ArrayLike | None = None,
        max_workers: int | None = None,
        verbose: bool = True,
        sigmas: Sequence[str | int] = (),
    ) -> None:
        super().__init__(diameter, [column], dimensions, resolution, [xlim, ylim, zlim], max_workers, verbose, sigmas)
        self.column, self.xlim, self.ylim, self.zlim = column, xlim, ylim, zlim
