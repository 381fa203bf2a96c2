"""Figures made of 2-D subplots."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Self

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike
from plotly.subplots import make_subplots

from .bounds import trace_place
from .subplots import Cell, SubplotGrid, limits_property
from .tables import Floats, Table, nothing
from .traces import (
    Colour,
    Colours,
    drawing_method,
    line_positions,
    marker_of,
    marker_trace,
    marker_traces,
    point_positions,
    titled,
)

if TYPE_CHECKING:
    from plotly.basedatatypes import BaseTraceType

TOO_MANY_FOR_SVG = 20_000


class PlotlyGrapher2D(SubplotGrid):
    """A grid of 2-D subplots for points, lines, pixels, images and coordinates against time.

    Parameters
    ----------
    rows, cols : int, default 1
        Number of subplots; all `row` and `col` arguments count from 1.
    xlim, ylim : (2,) sequence, optional
        Axis limits of all subplots in mm, except those against time; they follow the data by default.
    subplot_titles : sequence of str, optional
    **kwargs
        Settings of `plotly.subplots.make_subplots`, e.g. ``shared_xaxes=True``.

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
    >>> PlotlyGrapher2D().add_timeseries(points).rows
    3
    """

    axes = ("x", "y")
    xlim = limits_property("x")
    ylim = limits_property("y")

    def __init__(
        self,
        rows: int = 1,
        cols: int = 1,
        xlim: ArrayLike | None = None,
        ylim: ArrayLike | None = None,
        subplot_titles: Sequence[str] = ("  ",),
        **kwargs: object,
    ):
        self._time_cells: set[Cell] = set()
        self._settings = kwargs
        super().__init__(rows, cols, {"x": xlim, "y": ylim}, subplot_titles)

    def _empty_figure(self, **kwargs: object) -> go.Figure:
        self._time_cells.clear()
        usual = {
            "subplot_titles": self._titles(),
            "horizontal_spacing": 0.2 / self.cols,
            "vertical_spacing": 0.18 / self.rows,
        }
        fig = make_subplots(self.rows, self.cols, **{**usual, **self._settings, **kwargs})
        return fig.update_xaxes(title_text="<i>x</i> (mm)").update_yaxes(title_text="<i>y</i> (mm)")

    def _place(self, row: int, col: int) -> str:
        name: str = self._cell(row, col).xaxis.plotly_name
        return name.replace("axis", "")

    def _domain(self, row: int, col: int) -> tuple[Sequence[float], Sequence[float]]:
        cell = self._cell(row, col)
        return cell.xaxis.domain, cell.yaxis.domain

    def _spatial_cells(self) -> list[Cell]:
        return [cell for cell in self._cells() if cell not in self._time_cells]

    @staticmethod
    def points_trace(
        points: object,
        size: float = 2,
        color: Colour | None = None,
        opacity: float = 0.8,
        colorbar: bool = True,
        colorbar_col: int | str = -1,
        colorscale: object = "Magma",
        colorbar_title: str | None = None,
        **kwargs: object,
    ) -> BaseTraceType:
        """One Plotly trace of points, for figures of your own; the arguments are those of `add_points`."""
        source, positions = point_positions(points, PlotlyGrapher2D.axes)
        colours = Colours(source, color, colorbar, colorbar_col, colorscale, colorbar_title)
        bar = partial(titled, colours.title) if colours.bar else None
        style = _marker_style(size, opacity, kwargs)
        return marker_trace(_scatter(positions["x"]), positions, colours, bar, style)

    @staticmethod
    def lines_trace(
        lines: object, width: float = 2, color: str | None = None, opacity: float = 0.6, **kwargs: object
    ) -> BaseTraceType:
        """One Plotly trace of lines, for figures of your own; the arguments are those of `add_lines`."""
        _, positions = line_positions(lines, PlotlyGrapher2D.axes)
        line = {"width": width} if color is None else {"width": width, "color": color}
        style = {"mode": "lines", "line": line, "opacity": opacity, "showlegend": False, **kwargs}
        return _scatter(positions["x"])(**positions, **style)

    @staticmethod
    def timeseries_trace(
        points: object,
        size: float = 6,
        color: Colour | None = None,
        opacity: float = 0.8,
        colorbar: bool = True,
        colorbar_col: int | str = -1,
        colorscale: object = "Magma",
        colorbar_title: str | None = None,
        **kwargs: object,
    ) -> list[BaseTraceType]:
        """Three Plotly traces, of x, y and z against time; the arguments are those of `add_timeseries`."""
        source, positions = point_positions(points, ("x", "y", "z"))
        colours = Colours(source, color, colorbar, colorbar_col, colorscale, colorbar_title)
        style = _marker_style(size, opacity, kwargs)
        times = _times(source)
        bars = [partial(titled, colours.title) if colours.bar else None, None, None]
        return [
            marker_trace(_scatter(times), {"x": times, "y": positions[axis]}, colours, bar, style)
            for axis, bar in zip("xyz", bars, strict=True)
        ]

    def add_points(
        self,
        points: object,
        row: int = 1,
        col: int = 1,
        size: float = 6,
        color: Colour | None = None,
        opacity: float = 0.8,
        colorbar: bool = True,
        colorbar_col: int | str = -1,
        colorscale: object = "Magma",
        colorbar_title: str | None = None,
        **kwargs: object,
    ) -> Self:
        """Draw points.

        Parameters
        ----------
        points : PointData, (N, >=3) array-like with columns t, x, y, or list of these
        row, col : int, default 1
        size : float, default 6
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
        **kwargs
            Further settings of `plotly.graph_objects.Scatter`.

        Returns
        -------
        PlotlyGrapher2D
            Itself, so that calls can be chained.

        Raises
        ------
        TypeError, ValueError
            If `points` is no table of points, or the column or the subplot does not exist.

        Notes
        -----
        More than 20 000 points are drawn by WebGL (`Scattergl`), which stays responsive.
        """
        self._cell(row, col)
        source, positions = point_positions(points, self.axes)
        if not source:
            return self
        colours = Colours(source, color, colorbar, colorbar_col, colorscale, colorbar_title)
        style = _marker_style(size, opacity, kwargs)
        return self._add_markers(_scatter(positions["x"]), positions, colours, style, row, col)

    def add_timeseries(
        self,
        points: object,
        rows_cols: Sequence[Cell] = ((1, 1), (2, 1), (3, 1)),
        size: float = 6,
        color: Colour | None = None,
        opacity: float = 0.8,
        colorbar: bool = True,
        colorbar_col: int | str = -1,
        colorscale: object = "Magma",
        colorbar_title: str | None = None,
        **kwargs: object,
    ) -> Self:
        """Draw the x, y and z coordinates of points against time, in three subplots with a common time axis.

        If the grid is too small, the figure is made again with more subplots; the traces so far are kept.

        Parameters
        ----------
        points : PointData, (N, >=4) array-like with columns t, x, y, z, or list of these
        rows_cols : three (row, col) pairs, default ((1, 1), (2, 1), (3, 1))
            Where x, y and z go.
        size, color, opacity, colorbar, colorbar_col, colorscale, colorbar_title, **kwargs
            As for `add_points`.

        Returns
        -------
        PlotlyGrapher2D
            Itself, so that calls can be chained.

        Raises
        ------
        TypeError, ValueError
            If `points` is no table of points, the column does not exist, or `rows_cols` is not three cells.
        """
        cells = _three_cells(rows_cols)
        source, positions = point_positions(points, ("x", "y", "z"))
        colours = Colours(source, color, colorbar, colorbar_col, colorscale, colorbar_title)
        self._make_room(cells)
        self._share_time(cells)
        times = _times(source)
        first = len(self.fig.data)
        for number, (axis, (row, col)) in enumerate(zip("xyz", cells, strict=True)):
            traces = marker_traces(
                _scatter(times),
                {"x": times, "y": positions[axis]},
                colours,
                partial(self._colorbar, colours.title, row, col) if colorbar and number == 0 else None,
                first,
                {**({} if number == 0 else {"showlegend": False}), **_marker_style(size, opacity, kwargs)},
            )
            self.add_traces(traces if source else [], row, col)
            self.ylabel(f"<i>{axis}</i> (mm)", row, col)
            self.xlabel("<i>t</i> (ms)" if number == 2 else "", row, col)
        return self

    def _make_room(self, cells: Sequence[Cell]) -> None:
        rows = max(self.rows, *(row for row, _ in cells))
        cols = max(self.cols, *(col for _, col in cells))
        if (rows, cols) == (self.rows, self.cols):
            return
        place_to_cell = {self._place(*cell): cell for cell in self._cells()}
        placed = [(trace, place_to_cell[trace_place(trace)]) for trace in self.fig.data]
        labels = {cell: [self._axis(axis, *cell).title.text for axis in self.axes] for cell in self._cells()}
        times = set(self._time_cells)
        self.rows, self.cols = rows, cols
        self.create_figure()
        if times:
            self._share_time(sorted(times))
        for trace, cell in placed:
            self.add_trace(trace.update(xaxis=None, yaxis=None), *cell)
        for cell, (x, y) in labels.items():
            self.xlabel(x, *cell).ylabel(y, *cell)

    def _share_time(self, cells: Sequence[Cell]) -> None:
        self._time_cells.update(cells)
        common = self._place(*cells[0])
        for cell in cells:
            self._axis("x", *cell).update(range=None, autorange=True, matches=None if cell == cells[0] else common)
            self._axis("y", *cell).update(range=None, autorange=True)

    def add_lines(
        self,
        lines: object,
        row: int = 1,
        col: int = 1,
        width: float = 2,
        color: str | None = None,
        opacity: float = 0.6,
        **kwargs: object,
    ) -> Self:
        """Draw lines as one trace, in which NaNs separate the lines.

        Parameters
        ----------
        lines : LineData, (N, >=5) array-like with columns t, x1, y1, x2, y2, or list of these
            Of 3-D LineData the x and y coordinates are drawn.
        row, col : int, default 1
        width : float, default 2
            Line width in pixels.
        color : str, optional
        opacity : float, default 0.6
        **kwargs
            Further settings of `plotly.graph_objects.Scatter`.
        """
        self._cell(row, col)
        if nothing(lines):
            return self
        return self.add_trace(self.lines_trace(lines, width, color, opacity, **kwargs), row, col)

    def add_pixels(
        self,
        pixels: object,
        row: int = 1,
        col: int = 1,
        colorscale: object = "Magma",
        transpose: bool = True,
        xgap: float = 0,
        ygap: float = 0,
    ) -> Self:
        """Draw pixels as a heatmap, by `Pixels.heatmap_trace`.

        Parameters
        ----------
        pixels : Pixels
        row, col : int, default 1
        colorscale : str or list, default "Magma"
        transpose : bool, default True
            Draw the first index along x.
        xgap, ygap : float, default 0
            Gaps between pixels on the screen.
        """
        self._cell(row, col)
        draw = drawing_method(pixels, "pixels", "heatmap_trace")
        return self.add_trace(draw(colorscale=colorscale, transpose=transpose, xgap=xgap, ygap=ygap), row, col)

    def add_image(
        self,
        image: ArrayLike,
        row: int = 1,
        col: int = 1,
        xlim: ArrayLike | None = None,
        ylim: ArrayLike | None = None,
        colorscale: object = "Gray",
    ) -> Self:
        """Draw an image with its first row at the top.

        Parameters
        ----------
        image : (H, W) array of numbers, or (H, W, 3 or 4) array of 0..255
            Grey values drawn with `colorscale`, or colours.
        row, col : int, default 1
        xlim, ylim : (2,) sequence, optional
            What the outer edges of the image stand for; 0 to W and 0 to H by default.
        colorscale : str or list, default "Gray"

        Raises
        ------
        ValueError
            If the image has another shape.
        """
        self._cell(row, col)
        pixels = np.asarray(image)
        if pixels.ndim != 2 and not (pixels.ndim == 3 and pixels.shape[2] in (3, 4)):
            raise ValueError(f"`image`: expected shape (H, W), (H, W, 3) or (H, W, 4), found {pixels.shape}")
        height, width = pixels.shape[:2]
        placed = {**_pixel_grid("x", xlim, width), **_pixel_grid("y", ylim, height)}
        upward = pixels[::-1]
        if pixels.ndim == 2:
            x = placed["x0"] + placed["dx"] * np.arange(width)
            y = placed["y0"] + placed["dy"] * np.arange(height)
            heatmap = go.Heatmap(x=x, y=y, z=upward, colorscale=colorscale, showscale=False)
            return self.add_trace(heatmap, row, col)
        model = "rgb" if pixels.shape[2] == 3 else "rgba256"
        return self.add_trace(go.Image(z=upward, colormodel=model, **placed), row, col)

    def equalise_axes(self) -> Self:
        """Give the x and y axes of all subplots ranges of one length, drawn to the same scale.

        The length is the largest span of the data in any direction; each range is centred on the data in its
        direction. Subplots against time are left alone.
        """
        super().equalise_axes()
        self._same_scale()
        return self

    def equalise_separate(self) -> Self:
        """Like `equalise_axes`, but with separate ranges for every subplot.

        `show` and `to_html` then leave the axes as they are.
        """
        for cell in self._spatial_cells():
            for axis, limits in self._equal_limits([cell]).items():
                self._axis(axis, *cell).update(range=limits, autorange=None)
        self._chosen.add("separate")
        self._same_scale()
        return self

    def _same_scale(self) -> None:
        for cell in self._spatial_cells():
            self._axis("x", *cell).constrain = "domain"
            self._axis("y", *cell).update(scaleanchor=self._place(*cell), constrain="domain")


def _times(source: Sequence[Table]) -> Floats:
    return np.concatenate([table.rows[:, 0] for table in source]) if source else np.empty(0)


def _scatter(coordinates: Floats) -> type[BaseTraceType]:
    kind: type[BaseTraceType] = go.Scattergl if len(coordinates) > TOO_MANY_FOR_SVG else go.Scatter
    return kind


def _marker_style(size: float, opacity: float, kwargs: dict[str, object]) -> dict[str, object]:
    marker = {"size": size, "opacity": opacity, **marker_of(kwargs)}
    return {"mode": "markers", **kwargs, "marker": marker}


def _three_cells(rows_cols: Sequence[Cell]) -> list[Cell]:
    cells = [tuple(cell) for cell in rows_cols]
    whole = all(len(cell) == 2 and all(isinstance(i, (int, np.integer)) and i >= 1 for i in cell) for cell in cells)
    if len(cells) != 3 or not whole:
        raise ValueError(f"`rows_cols`: expected three (row, col) pairs counted from 1, found {rows_cols!r}")
    return [(int(row), int(col)) for row, col in cells]


def _pixel_grid(axis: str, limits: ArrayLike | None, count: int) -> dict[str, float]:
    low, high = (0.0, float(count)) if limits is None else np.asarray(limits, dtype=np.float64)
    step = (high - low) / count
    return {f"{axis}0": float(low + step / 2), f"d{axis}": float(step)}
