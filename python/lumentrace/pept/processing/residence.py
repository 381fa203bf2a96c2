"""How long tracers stay where."""

from __future__ import annotations

from typing import Any, ClassVar

from numpy.typing import ArrayLike

from lumentrace.data.grid import Grid
from lumentrace.data.pixels import Pixels
from lumentrace.data.voxels import Voxels
from lumentrace.pept.processing.moving import MovingTracerMap


class _Residence(MovingTracerMap):
    def fit(self, samples: Any) -> Any:
        """Map the trajectories: samples of a `PointData`, a list of them, or a LazyFrame with a column `label`."""
        return self._spread(samples, lambda _, ends: [ends[0][:, 1] - ends[0][:, 0]])[0]


class ResidenceDistribution2D(_Residence):
    """Residence time of tracers in the pixels of a plane.

    Parameters
    ----------
    diameter : float
        Of the tracer, in mm.
    column : str or int, default "t"
        Column whose differences are spread over the ways between points.
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

    Raises
    ------
    ValueError
        If an argument makes no sense, there is no such column, or neither a limit nor a point.

    Notes
    -----
    Each sample is a trajectory of its own. The time between two points is spread evenly over what the tracer passes
    over without where it ends, that of the last two over all of it, by exact areas; the map adds up to the time of all
    trajectories. Points that are not finite are gaps.

    Examples
    --------
    >>> from lumentrace import PointData
    >>> from lumentrace.pept.processing import ResidenceDistribution2D
    >>> track = PointData([[0, 0, 0, 0], [4, 3, 0, 0], [9, 3, 4, 0]])
    >>> pixels = ResidenceDistribution2D(1.0, resolution=(20, 30)).fit(track)
    >>> pixels.shape, float(pixels.sum().round(9))
    ((20, 30), 9.0)
    """

    grid: ClassVar[type[Grid]] = Pixels

    def __init__(
        self,
        diameter: float,
        column: str | int = "t",
        dimensions: str = "xy",
        resolution: ArrayLike = (512, 512),
        xlim: ArrayLike | None = None,
        ylim: ArrayLike | None = None,
        max_workers: int | None = None,
        verbose: bool = True,
    ) -> None:
        super().__init__(diameter, [column], dimensions, resolution, [xlim, ylim], max_workers, verbose)
        self.column, self.xlim, self.ylim = column, xlim, ylim


class ResidenceDistribution3D(_Residence):
    """Residence time of tracers in the voxels of space.

    Parameters
    ----------
    diameter : float
        Of the tracer, in mm.
    column : str or int, default "t"
        Column whose differences are spread over the ways between points.
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

    Raises
    ------
    ValueError
        As `ResidenceDistribution2D`.

    Notes
    -----
    As `ResidenceDistribution2D`, with volumes that are right to about 1 % of each voxel which a surface passes; the sum
    is exact.

    Examples
    --------
    >>> from lumentrace import PointData
    >>> from lumentrace.pept.processing import ResidenceDistribution3D
    >>> track = PointData([[0, 0, 0, 0], [4, 3, 0, 0], [9, 3, 4, 0]])
    >>> float(ResidenceDistribution3D(1.0, resolution=(5, 5, 5)).fit(track).sum().round(9))
    9.0
    """

    grid: ClassVar[type[Grid]] = Voxels

    def __init__(
        self,
        diameter: float,
        column: str | int = "t",
        dimensions: str = "xyz",
        resolution: ArrayLike = (50, 50, 50),
        xlim: ArrayLike | None = None,
        ylim: ArrayLike | None = None,
        zlim: ArrayLike | None = None,
        max_workers: int | None = None,
        verbose: bool = True,
    ) -> None:
        super().__init__(diameter, [column], dimensions, resolution, [xlim, ylim, zlim], max_workers, verbose)
        self.column, self.xlim, self.ylim, self.zlim = column, xlim, ylim, zlim
