"""Voxels: a 3-D grid in space."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from numpy.typing import ArrayLike, NDArray

from lumentrace.data import grid_traces
from lumentrace.data.grid import Floats, Grid, line_rows


class Voxels(Grid):
    """A 3-D array that knows which part of space it covers.

    Parameters
    ----------
    voxels_array : (X, Y, Z) array-like
        Values.
    xlim, ylim, zlim : (2,) array-like
        Limits of the axes in mm.
    **attrs
        Anything to keep with the voxels, in `attrs`.

    Attributes
    ----------
    number_of_voxels, voxel_size, voxel_grids
        Shape; edges of a voxel in mm; faces of the voxels along each axis.
    xlim, ylim, zlim, lower, upper
        Limits in mm.
    attrs : dict

    Raises
    ------
    ValueError
        If the array has not three axes or limits are not two ascending finite numbers.

    References
    ----------
    .. [1] Amanatides J., Woo A., A fast voxel traversal algorithm for ray tracing, Eurographics 1987.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import Voxels
    >>> voxels = Voxels.from_lines(np.arange(70.0).reshape(10, 7), [3, 4, 5], verbose=False)
    >>> voxels.voxel_size, voxels.xlim, float(voxels.sum())
    (array([22. , 16.5, 13.2]), array([ 1., 67.]), 14.0)
    """

    axes: ClassVar[str] = "xyz"
    cell: ClassVar[str] = "voxel"

    def __new__(
        cls, voxels_array: ArrayLike, xlim: ArrayLike, ylim: ArrayLike, zlim: ArrayLike, **attrs: Any
    ) -> Voxels:
        """Check the array and its limits."""
        return super().__new__(cls, voxels_array, xlim, ylim, zlim, **attrs)

    @classmethod
    def empty(cls, number_of_voxels: ArrayLike, xlim: ArrayLike, ylim: ArrayLike, zlim: ArrayLike) -> Voxels:
        """Voxels of value 0, at least two along each axis."""
        return cls._zeros(number_of_voxels, 2, (xlim, ylim, zlim))

    @classmethod
    def zeros(cls, number_of_voxels: ArrayLike, xlim: ArrayLike, ylim: ArrayLike, zlim: ArrayLike) -> Voxels:
        """Voxels of value 0."""
        return cls._zeros(number_of_voxels, 1, (xlim, ylim, zlim))

    @classmethod
    def from_lines(
        cls,
        lines: Any,
        number_of_voxels: ArrayLike,
        xlim: ArrayLike | None = None,
        ylim: ArrayLike | None = None,
        zlim: ArrayLike | None = None,
        verbose: bool = True,
    ) -> Voxels:
        """Count the lines that pass each voxel.

        Parameters
        ----------
        lines : LineData or (N, >=7) array-like
            Rows t, x1, y1, z1, x2, y2, z2 in ms and mm; each stands for the segment between its two points.
        number_of_voxels : (3,) array-like
            Voxels along each axis, at least 2.
        xlim, ylim, zlim : (2,) array-like, optional
            Limits in mm; by default those of the end points.
        verbose : bool, default True
            Say how long it took.

        Raises
        ------
        ValueError
            If an argument has the wrong shape, or there is neither a limit nor a line to take it from.
        """
        return cls._of_lines(line_rows(lines, 3), number_of_voxels, (xlim, ylim, zlim), verbose)

    @property
    def voxels(self) -> Floats:
        """The values as a plain array."""
        return self._plain

    @property
    def number_of_voxels(self) -> tuple[int, ...]:
        """Voxels along each axis."""
        return self.shape

    @property
    def voxel_size(self) -> Floats:
        """Edges of a voxel in mm."""
        return self._size

    @property
    def voxel_grids(self) -> list[Floats]:
        """Faces of the voxels along each axis, in mm."""
        return self._grids

    @property
    def zlim(self) -> Floats:
        """Lower and upper limit of the z axis, in mm."""
        limits: Floats = self._limits[2]
        return limits

    @staticmethod
    def get_cutoff(p1: ArrayLike, p2: ArrayLike) -> NDArray[Any]:
        """Least and greatest value of two arrays."""
        return grid_traces.extremes(p1, p2)

    def cube_trace(
        self,
        index: tuple[int, ...],
        color: Any = None,
        opacity: float = 0.4,
        colorbar: bool = True,
        colorscale: Any = "magma",
    ) -> Any:
        """A Plotly mesh of one voxel, coloured by its value relative to the largest unless `color` is given."""
        return grid_traces.cube(self, index, color, opacity, colorbar, colorscale)

    def cubes_traces(
        self,
        condition: Callable[[Any], Any] = grid_traces.positive,
        color: Any = None,
        opacity: float = 0.4,
        colorbar: bool = True,
        colorscale: Any = "magma",
    ) -> list[Any]:
        """A mesh, as by `cube_trace`, of every voxel that fulfils `condition`."""
        chosen = grid_traces.chosen(self, condition)
        return [self.cube_trace(index, color, opacity, colorbar, colorscale) for index in chosen]

    def voxels_trace(
        self,
        condition: Callable[[Any], Any] = grid_traces.positive,
        size: float = 4,
        color: Any = None,
        opacity: float = 0.4,
        colorbar: bool = True,
        colorscale: Any = "Magma",
        colorbar_title: str | None = None,
    ) -> Any:
        """Square markers at the centres of the voxels that fulfil `condition`, coloured by value or in one `color`."""
        return grid_traces.markers(self, condition, size, color, opacity, colorbar, colorscale, colorbar_title)

    scatter_trace = voxels_trace

    def heatmap_trace(
        self,
        ix: int | None = None,
        iy: int | None = None,
        iz: int | None = None,
        width: int = 0,
        colorscale: Any = "Magma",
        transpose: bool = True,
    ) -> Any:
        """A Plotly heatmap of a slice, summed over `width` neighbours on either side.

        Parameters
        ----------
        ix, iy, iz : int
            Index of the slice; exactly one of them.
        width : int, default 0
        colorscale : str or list, default "Magma"
        transpose : bool, default True
            Draw the first of the two remaining axes along x.

        Raises
        ------
        ValueError
            If not exactly one index is given.
        IndexError
            If there is no such slice.
        """
        return grid_traces.slice_heatmap(self, (ix, iy, iz), width, colorscale, transpose)

    def plot(
        self, condition: Callable[[Any], Any] = grid_traces.positive, ax: Any = None, alt_axes: bool = False
    ) -> tuple[Any, Any]:
        """Draw the centres of the voxels that fulfil `condition` with matplotlib.

        Parameters
        ----------
        condition : callable, default voxels > 0
            Takes the voxels and returns which of them are drawn.
        ax : matplotlib 3-D axes, optional
            Axes to draw on; new ones by default.
        alt_axes : bool, default False
            Lay out the axes as (z, x, y), which puts y upwards.

        Returns
        -------
        figure, axes
            The matplotlib figure and axes.
        """
        return grid_traces.scatter(self, condition, ax, alt_axes)
