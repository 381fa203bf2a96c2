"""Pixels: a 2-D grid in space."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from numpy.typing import ArrayLike, NDArray

from lumentrace.data import grid_traces
from lumentrace.data.grid import Floats, Grid


class Pixels(Grid):
    """A 2-D array that knows which part of a plane it covers.

    Parameters
    ----------
    pixels_array : (X, Y) array-like
        Values; the first axis is x.
    xlim, ylim : (2,) array-like
        Limits of the axes in mm.
    **attrs
        Anything to keep with the pixels, in `attrs`.

    Attributes
    ----------
    number_of_pixels, pixel_size, pixel_grids
        Shape; edges of a pixel in mm; faces of the pixels along each axis.
    xlim, ylim, lower, upper
        Limits in mm.
    attrs : dict

    Raises
    ------
    ValueError
        If the array has not two axes or limits are not two ascending finite numbers.

    Examples
    --------
    >>> from lumentrace import Pixels
    >>> pixels = Pixels.from_lines([[0, 0.5, 0.5, 3.5, 0.5]], (4, 2), xlim=(0, 4), ylim=(0, 2), verbose=False)
    >>> pixels.pixels
    array([[1., 0.],
           [1., 0.],
           [1., 0.],
           [1., 0.]])
    >>> pixels.pixel_size
    array([1., 1.])
    """

    axes: ClassVar[str] = "xy"
    cell: ClassVar[str] = "pixel"

    def __new__(cls, pixels_array: ArrayLike, xlim: ArrayLike, ylim: ArrayLike, **attrs: Any) -> Pixels:
        """Check the array and its limits."""
        return super().__new__(cls, pixels_array, xlim, ylim, **attrs)

    @classmethod
    def empty(cls, number_of_pixels: ArrayLike, xlim: ArrayLike, ylim: ArrayLike) -> Pixels:
        """Pixels of value 0, at least two along each axis."""
        return cls._zeros(number_of_pixels, 2, (xlim, ylim))

    @classmethod
    def zeros(cls, number_of_pixels: ArrayLike, xlim: ArrayLike, ylim: ArrayLike) -> Pixels:
        """Pixels of value 0."""
        return cls._zeros(number_of_pixels, 1, (xlim, ylim))

    @classmethod
    def from_lines(
        cls,
        lines: Any,
        number_of_pixels: ArrayLike,
        xlim: ArrayLike | None = None,
        ylim: ArrayLike | None = None,
        verbose: bool = True,
    ) -> Pixels:
        """Count the lines that pass each pixel.

        Parameters
        ----------
        lines : (N, >=5) array-like
            Rows t, x1, y1, x2, y2 in ms and mm; each stands for the segment between its two points.
        number_of_pixels : (2,) array-like
            Pixels along each axis, at least 2.
        xlim, ylim : (2,) array-like, optional
            Limits in mm; by default those of the end points.
        verbose : bool, default True
            Say how long it took.

        Raises
        ------
        ValueError
            If an argument has the wrong shape, or there is neither a limit nor a line to take it from.
        """
        return cls._of_lines(_rows(lines), number_of_pixels, (xlim, ylim), verbose)

    @property
    def pixels(self) -> Floats:
        """The values as a plain array."""
        return self._plain

    @property
    def number_of_pixels(self) -> tuple[int, ...]:
        """Pixels along each axis."""
        return self.shape

    @property
    def pixel_size(self) -> Floats:
        """Edges of a pixel in mm."""
        return self._size

    @property
    def pixel_grids(self) -> list[Floats]:
        """Faces of the pixels along each axis, in mm."""
        return self._grids

    @staticmethod
    def get_cutoff(p1: ArrayLike, p2: ArrayLike) -> NDArray[Any]:
        """Least and greatest value of two arrays."""
        return grid_traces.extremes(p1, p2)

    def pixels_trace(
        self,
        condition: Callable[[Any], Any] = grid_traces.positive,
        opacity: float = 0.9,
        colorscale: Any = "Magma",
    ) -> Any:
        """A Plotly surface whose height is the value; pixels that fail `condition` have height 0."""
        return grid_traces.surface(self, condition, opacity, colorscale)

    def heatmap_trace(self, colorscale: Any = "Magma", transpose: bool = True, xgap: float = 0, ygap: float = 0) -> Any:
        """A Plotly heatmap; `transpose` draws the first index along x."""
        return grid_traces.heatmap(self, self.centres(), colorscale, transpose, xgap, ygap)

    def plot(self, ax: Any = None) -> tuple[Any, Any]:
        """Draw the pixels with matplotlib; returns figure and axes."""
        return grid_traces.image(self, ax)


def _rows(lines: Any) -> Floats:
    from lumentrace.data.grid import line_rows

    return line_rows(lines, 2)[:, [0, 1, 2, 4, 5]]
