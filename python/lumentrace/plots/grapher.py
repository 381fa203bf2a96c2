"""Figures made of 3-D subplots."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Self

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike
from plotly.subplots import make_subplots

from .subplots import SubplotGrid, limits_property
from .tables import Floats, nothing
from .traces import Colour, Colours, drawing_method, line_positions, marker_trace, point_positions, positive, titled

if TYPE_CHECKING:
    from plotly.basedatatypes import BaseTraceType


class PlotlyGrapher(SubplotGrid):
    """A grid of 3-D subplots for points, lines, pixels and voxels, with equal scales and the y axis pointing up.

    Parameters
    ----------
    rows, cols : int, default 1
        Number of subplots; all `row` and `col` arguments count from 1.
    xlim, ylim, zlim : (2,) sequence, optional
        Axis limits of all subplots in mm; they follow the data by default.
    subplot_titles : sequence of str, optional

    Attributes
    ----------
    fig : plotly.graph_objects.Figure
        The figure, for anything the methods here do not offer.

    Raises
    ------
    ValueError
        If `rows` or `cols` is below 1, or limits are not two finite numbers.

    Examples
    --------
    >>> import numpy as np
    >>> points = np.random.default_rng(0).random((100, 4))
    >>> grapher = PlotlyGrapher(cols=2).add_points(points).add_points(points, col=2, colorbar_col=0)
    >>> len(grapher.fig.data)
    2
    """

    axes = ("x", "y", "z")
    xlim = limits_property("x")
    ylim = limits_property("y")
    zlim = limits_property("z")

    def __init__(
        self,
        rows: int = 1,
        cols: int = 1,
        xlim: ArrayLike | None = None,
        ylim: ArrayLike | None = None,
        zlim: ArrayLike | None = None,
        subplot_titles: Sequence[str] = ("  ",),
    ):
        super().__init__(rows, cols, {"x": xlim, "y": ylim, "z": zlim}, subplot_titles)

    def _empty_figure(self, **kwargs: object) -> go.Figure:
        specs = [[{"type": "scene"}] * self.cols for _ in range(self.rows)]
        usual = {
            "specs": specs,
            "subplot_titles": self._titles(),
            "horizontal_spacing": 0.12 / self.cols,
            "vertical_spacing": 0.1 / self.rows,
        }
        fig = make_subplots(self.rows, self.cols, **{**usual, **kwargs})
        axes = {f"{axis}axis": {"title": {"text": f"<i>{axis}</i> (mm)"}} for axis in self.axes}
        camera = {"up": {"x": 0, "y": 1, "z": 0}, "eye": {"x": 1.5, "y": 1.5, "z": 1.5}}
        fig.update_scenes(aspectmode="data", camera=camera, **axes)
        return fig

    def _place(self, row: int, col: int) -> str:
        name: str = self._cell(row, col).plotly_name
        return name

    def _domain(self, row: int, col: int) -> tuple[Sequence[float], Sequence[float]]:
        domain = self._cell(row, col).domain
        return domain.x, domain.y

    def zlabel(self, label: str, row: int = 1, col: int = 1) -> Self:
        """Set the title of the z axis of one subplot."""
        return self._label("z", label, row, col)

    @staticmethod
    def points_trace(
        points: object,
        size: float = 2.0,
        color: Colour | None = None,
        opacity: float = 0.8,
        colorbar: bool = True,
        colorbar_col: int | str = -1,
        colorscale: object = "Magma",
        colorbar_title: str | None = None,
    ) -> BaseTraceType:
        """One Plotly trace of points, for figures of your own; the arguments are those of `add_points`."""
        source, positions = point_positions(points, PlotlyGrapher.axes)
        colours = Colours(source, color, colorbar, colorbar_col, colorscale, colorbar_title)
        bar = partial(titled, colours.title) if colours.bar else None
        style = {"mode": "markers", "marker": {"size": size, "opacity": opacity}}
        return marker_trace(go.Scatter3d, positions, colours, bar, style)

    def add_points(
        self,
        points: object,
        row: int = 1,
        col: int = 1,
        size: float = 2.0,
        color: Colour | None = None,
        opacity: float = 0.8,
        colorbar: bool = True,
        colorbar_col: int | str = -1,
        colorscale: object = "Magma",
        colorbar_title: str | None = None,
    ) -> Self:
        """Draw points.

        Parameters
        ----------
        points : PointData, (N, >=4) array-like with columns t, x, y, z, or list of these
        row, col : int, default 1
        size : float, default 2
            Marker size in pixels.
        color : str or (N,) sequence, optional
            One colour for all, one colour per point, or one number per point. By default the column `colorbar_col`
            decides: one trace per value if there are at most 10 different ones, otherwise a colour scale.
        opacity : float, default 0.8
        colorbar : bool, default True
            Colour by number; False leaves all points in one colour.
        colorbar_col : int or str, default -1
            Number or name of the column that colours the points.
        colorscale : str or list, default "Magma"
        colorbar_title : str, optional
            The name of the column by default.

        Returns
        -------
        PlotlyGrapher
            Itself, so that calls can be chained.

        Raises
        ------
        TypeError, ValueError
            If `points` is no table of points, or the column or the subplot does not exist.
        """
        self._cell(row, col)
        source, positions = point_positions(points, self.axes)
        if not source:
            return self
        colours = Colours(source, color, colorbar, colorbar_col, colorscale, colorbar_title)
        style = {"mode": "markers", "marker": {"size": size, "opacity": opacity}}
        return self._add_markers(go.Scatter3d, positions, colours, style, row, col)

    @staticmethod
    def lines_trace(
        lines: object,
        width: float = 2,
        color: Colour | None = None,
        opacity: float = 0.6,
        colorbar: bool = True,
        colorbar_col: int | str = 0,
        colorscale: object = "Magma",
        colorbar_title: str | None = None,
    ) -> BaseTraceType:
        """One Plotly trace of lines, for figures of your own; the arguments are those of `add_lines`."""
        source, positions = line_positions(lines, PlotlyGrapher.axes)
        colours = Colours(source, color, colorbar, colorbar_col, colorscale, colorbar_title)
        line: dict[str, object] = {"width": width}
        if colours.values is not None:
            line |= {"color": np.repeat(colours.values, 3), "colorscale": colorscale, "showscale": colorbar}
            if colorbar:
                line["colorbar"] = titled(colours.title)
        elif colours.fixed is not None:
            line["color"] = colours.fixed if isinstance(colours.fixed, str) else np.repeat(colours.fixed, 3)
        return go.Scatter3d(**positions, mode="lines", line=line, opacity=opacity, showlegend=False)

    def add_lines(
        self,
        lines: object,
        row: int = 1,
        col: int = 1,
        width: float = 2,
        color: Colour | None = None,
        opacity: float = 0.6,
        colorbar: bool = True,
        colorbar_col: int | str = 0,
        colorscale: object = "Magma",
        colorbar_title: str | None = None,
    ) -> Self:
        """Draw lines as one trace, in which NaNs separate the lines.

        Parameters
        ----------
        lines : LineData, (N, >=7) array-like with columns t, x1, y1, z1, x2, y2, z2, or list of these
        row, col : int, default 1
        width : float, default 2
            Line width in pixels.
        color : str or (N,) sequence, optional
            One colour for all, one colour per line, or one number per line; the column `colorbar_col` by default.
        opacity : float, default 0.6
        colorbar : bool, default True
            Colour by number; False leaves all lines in one colour.
        colorbar_col : int or str, default 0
            Number or name of the column that colours the lines.
        colorscale : str or list, default "Magma"
        colorbar_title : str, optional
            The name of the column by default.

        Returns
        -------
        PlotlyGrapher
            Itself, so that calls can be chained.

        Raises
        ------
        TypeError, ValueError
            If `lines` is no table of lines, or the column or the subplot does not exist.
        """
        self._cell(row, col)
        if nothing(lines):
            return self
        trace = self.lines_trace(lines, width, color, opacity, colorbar, colorbar_col, colorscale, colorbar_title)
        if trace.line.showscale:
            trace.line.colorbar = self._colorbar(trace.line.colorbar.title.text, row, col)
        return self.add_trace(trace, row, col)

    def add_pixels(
        self,
        pixels: object,
        row: int = 1,
        col: int = 1,
        condition: Callable[[Floats], ArrayLike] = positive,
        opacity: float = 0.9,
        colorscale: object = "Magma",
    ) -> Self:
        """Draw pixels as a surface whose height is the pixel value, by `Pixels.pixels_trace`, in a cube.

        Parameters
        ----------
        pixels : Pixels
        row, col : int, default 1
        condition : callable, default pixels > 0
            Takes the pixels and returns which of them keep their value; the others are drawn as 0.
        opacity : float, default 0.9
        colorscale : str or list, default "Magma"
        """
        self._cell(row, col).aspectmode = "cube"  # heights are no lengths
        draw = drawing_method(pixels, "pixels", "pixels_trace")
        return self.add_trace(draw(condition=condition, opacity=opacity, colorscale=colorscale), row, col)

    def add_voxels(
        self,
        voxels: object,
        row: int = 1,
        col: int = 1,
        condition: Callable[[Floats], ArrayLike] = positive,
        size: float = 4,
        color: Colour | None = None,
        opacity: float = 0.4,
        colorbar: bool = True,
        colorscale: object = "Magma",
        colorbar_title: str | None = None,
    ) -> Self:
        """Draw the centres of voxels as square markers, by `Voxels.voxels_trace`.

        Parameters
        ----------
        voxels : Voxels
        row, col : int, default 1
        condition : callable, default voxels > 0
            Takes the voxels and returns which of them are drawn.
        size : float, default 4
            Marker size in pixels.
        color : str, optional
            One colour for all; the voxel values by default.
        opacity : float, default 0.4
        colorbar : bool, default True
        colorscale : str or list, default "Magma"
        colorbar_title : str, optional
        """
        self._cell(row, col)
        draw = drawing_method(voxels, "voxels", "voxels_trace")
        trace = draw(
            condition=condition,
            size=size,
            color=color,
            opacity=opacity,
            colorbar=colorbar,
            colorscale=colorscale,
            colorbar_title=colorbar_title,
        )
        return self.add_trace(trace, row, col)
