"""The part that the 2-D and the 3-D grapher share: a grid of subplots with limits, labels and output."""

from __future__ import annotations

import copy as copying
import operator
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, ClassVar, Self, TypeAlias

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike
from plotly.offline import get_plotlyjs

from lumentrace.base.files import is_open, replacing
from lumentrace.data.pept_object import PEPTObject

from .bounds import trace_bounds, trace_place
from .palette import PALETTE
from .tables import Floats
from .theme import ALONE
from .traces import Colours, marker_traces, titled

if TYPE_CHECKING:
    from plotly.basedatatypes import BasePlotlyType, BaseTraceType

Limits: TypeAlias = list[float]
Cell: TypeAlias = tuple[int, int]
LEGEND = {"orientation": "h", "yref": "container", "y": 0.99, "yanchor": "top", "itemsizing": "constant"}

TOP = 90
"""Room for the legend and the titles of subplots, in pixels."""


class SubplotGrid(PEPTObject, ABC):
    """A `rows` by `cols` grid of subplots, counted from 1.

    Subclasses set `axes` to the names of a subplot's axes.
    """

    axes: ClassVar[tuple[str, ...]]
    fig: go.Figure

    def __init__(self, rows: int, cols: int, limits: Mapping[str, ArrayLike | None], titles: Sequence[str]):
        self.rows = _at_least_one("rows", rows)
        self.cols = _at_least_one("cols", cols)
        self.subplot_titles = list(titles)
        self._limits = {axis: _checked_limits(f"{axis}lim", value) for axis, value in limits.items()}
        self._chosen = {axis for axis, value in self._limits.items() if value is not None}
        self.create_figure()

    def create_figure(self, **kwargs: object) -> go.Figure:
        """Start again with an empty figure, which is also kept as `fig`.

        Parameters
        ----------
        **kwargs
            Settings of `plotly.subplots.make_subplots` that win over the usual ones.
        """
        self.fig = self._empty_figure(**kwargs)
        self.fig.layout.template = ALONE
        self.fig.update_layout(colorway=PALETTE, legend=LEGEND, margin={"t": TOP})
        self._colorbars: dict[Cell, int] = {}
        for axis in self.axes:
            self._show_limits(axis)
        return self.fig

    @abstractmethod
    def _empty_figure(self, **kwargs: object) -> go.Figure:
        """A new figure with the grid of subplots."""

    def state(self) -> dict[str, object]:
        """Everything there is to keep, as plain values; `from_state` makes the object again."""
        data = [trace.to_plotly_json() for trace in self.fig.data]
        return {**vars(self), "fig": {"data": data, "layout": self.fig.layout.to_plotly_json()}}

    @classmethod
    def from_state(cls, state: dict[str, object]) -> Self:
        """The object that `state` was taken from."""
        new = cls.__new__(cls)
        vars(new).update(state)
        figure = vars(new)["fig"]
        vars(new)["fig"] = new._empty_figure()
        new.fig.update(layout=figure["layout"], overwrite=True)
        new.fig.add_traces(figure["data"])
        vars(new).update({name: value for name, value in state.items() if name != "fig"})
        return new

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        # Plotly's own copy of a figure turns arrays into text.
        return self.from_state(copying.deepcopy(self.state(), memo))

    def _shown(self) -> dict[str, object]:
        return {"rows": self.rows, "cols": self.cols, "traces": len(self.fig.data)}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value}' for name, value in self._shown().items())})"

    @abstractmethod
    def _place(self, row: int, col: int) -> str:
        """The name of a cell's subplot as its traces give it."""

    @abstractmethod
    def _domain(self, row: int, col: int) -> tuple[Sequence[float], Sequence[float]]:
        """The part of the figure that a cell's subplot takes: (x0, x1), (y0, y1) between 0 and 1."""

    def _titles(self) -> list[str]:
        cells = self.rows * self.cols
        return (self.subplot_titles + ["  "] * cells)[:cells]

    def _cells(self) -> list[Cell]:
        return [(row, col) for row in range(1, self.rows + 1) for col in range(1, self.cols + 1)]

    def _spatial_cells(self) -> list[Cell]:
        """The cells whose axes are lengths, so that limits and equal axes apply to them."""
        return self._cells()

    def _cell(self, row: int, col: int) -> BasePlotlyType:
        """The subplot in a cell.

        Raises
        ------
        ValueError
            If the cell is outside the grid.
        """
        for name, value, count in (("row", row, self.rows), ("col", col, self.cols)):
            if not 1 <= operator.index(value) <= count:
                raise ValueError(f"`{name}`: expected 1 to {count}, found {value}")
        return self.fig.get_subplot(row, col)

    def _axis(self, axis: str, row: int, col: int) -> BasePlotlyType:
        return getattr(self._cell(row, col), f"{axis}axis")

    def xlabel(self, label: str, row: int = 1, col: int = 1) -> Self:
        """Set the title of the x axis of one subplot."""
        return self._label("x", label, row, col)

    def ylabel(self, label: str, row: int = 1, col: int = 1) -> Self:
        """Set the title of the y axis of one subplot."""
        return self._label("y", label, row, col)

    def _label(self, axis: str, label: str, row: int, col: int) -> Self:
        self._axis(axis, row, col).title.text = label
        return self

    def add_trace(self, trace: BaseTraceType, row: int = 1, col: int = 1) -> Self:
        """Add any Plotly trace to the subplot at `row`, `col` (counted from 1)."""
        self._cell(row, col)
        self.fig.add_trace(trace, row=row, col=col)
        return self

    def add_traces(self, traces: Iterable[BaseTraceType], row: int = 1, col: int = 1) -> Self:
        """Add several Plotly traces to the subplot at `row`, `col` (counted from 1)."""
        for trace in traces:
            self.add_trace(trace, row, col)
        return self

    def _add_markers(
        self,
        make: type[BaseTraceType],
        positions: Mapping[str, Floats],
        colours: Colours,
        style: Mapping[str, object],
        row: int,
        col: int,
    ) -> Self:
        """Add the markers of a table to one subplot, with a colour bar where numbers give the colours."""
        colorbar = partial(self._colorbar, colours.title, row, col) if colours.bar else None
        return self.add_traces(marker_traces(make, positions, colours, colorbar, len(self.fig.data), style), row, col)

    def _colorbar(self, title: str, row: int, col: int) -> dict[str, object]:
        """Settings of a cell's next colour bar: right of the subplot, beside earlier bars."""
        (x0, x1), (y0, y1) = self._domain(row, col)
        earlier = self._colorbars.get((row, col), 0)
        self._colorbars[row, col] = earlier + 1
        return {
            **titled(title),
            "x": x1 + 0.02 * (x1 - x0) + 0.09 * earlier,
            "y": (y0 + y1) / 2,
            "len": 0.9 * (y1 - y0),
            "thickness": 16,
        }

    def _set_limits(self, axis: str, value: ArrayLike | None) -> None:
        self._limits[axis] = _checked_limits(f"{axis}lim", value)
        self._show_limits(axis)

    def _show_limits(self, axis: str) -> None:
        limits = self._limits[axis]
        for row, col in self._spatial_cells():
            self._axis(axis, row, col).update(range=limits, autorange=None if limits else True)

    def equalise_axes(self) -> Self:
        """Give all axes of all subplots ranges of one length.

        The length is the largest span of the data in any direction; each range is centred on the data in its
        direction.
        """
        for axis, value in self._equal_limits(self._spatial_cells()).items():
            self._set_limits(axis, value)
        return self

    def _equal_limits(self, cells: Sequence[Cell]) -> dict[str, Limits]:
        """Limits per axis that make the data of `cells` fit a cube; empty without data."""
        bounds = {axis: self._bounds(axis, cells) for axis in self.axes}
        known = {axis: bound for axis, bound in bounds.items() if bound is not None}
        if len(known) < len(self.axes):
            return {}
        half = max(high - low for low, high in known.values()) / 2 or 0.5
        return {axis: [(low + high) / 2 - half, (low + high) / 2 + half] for axis, (low, high) in known.items()}

    def _bounds(self, axis: str, cells: Sequence[Cell]) -> tuple[float, float] | None:
        places = {self._place(row, col) for row, col in cells}
        here = [trace_bounds(trace, axis) for trace in self.fig.data if trace_place(trace) in places]
        found = [bound for bound in here if bound is not None]
        if not found:
            return None
        return min(low for low, _ in found), max(high for _, high in found)

    def show(self, equal_axes: bool = True) -> None:
        """Show the figure in the browser or notebook.

        Parameters
        ----------
        equal_axes : bool, default True
            Call `equalise_axes` first, unless limits were set.
        """
        self._finish(equal_axes)
        self.fig.show()

    def to_html(
        self,
        filepath: str | os.PathLike[str] | IO[str],
        equal_axes: bool = True,
        include_plotlyjs: bool | str = True,
    ) -> None:
        """Write the figure to an HTML file.

        Parameters
        ----------
        filepath : path-like or text file open for writing
        equal_axes : bool, default True
            Call `equalise_axes` first, unless limits were set.
        include_plotlyjs : bool or str, default True
            True embeds Plotly, so that the file works offline; False leaves it out; other choices are those of
            `plotly.io.write_html`.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        self._finish(equal_axes)
        if is_open(filepath):
            self.fig.write_html(filepath, include_plotlyjs=include_plotlyjs)
            return
        if include_plotlyjs == "directory":
            with replacing(Path(filepath).with_name("plotly.min.js")) as library:
                library.write(get_plotlyjs().encode())
        with replacing(filepath) as file:
            file.write(self.fig.to_html(include_plotlyjs=include_plotlyjs).encode())

    def _finish(self, equal_axes: bool) -> None:
        if equal_axes and not self._chosen:
            self.equalise_axes()


def limits_property(axis: str) -> property:
    """A property for the limits of one axis: two numbers for all subplots, or None to follow the data."""

    def get(grid: SubplotGrid) -> Limits | None:
        return grid._limits[axis]

    def put(grid: SubplotGrid, value: ArrayLike | None) -> None:
        grid._set_limits(axis, value)
        if value is None:
            grid._chosen.discard(axis)
        else:
            grid._chosen.add(axis)

    return property(get, put, doc=f"Limits of the {axis} axis of all subplots, or None to follow the data.")


def _checked_limits(name: str, value: ArrayLike | None) -> Limits | None:
    if value is None:
        return None
    try:
        limits = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"`{name}`: expected two numbers, found {value!r}") from None
    if limits.shape != (2,) or not np.isfinite(limits).all():
        raise ValueError(f"`{name}`: expected two finite numbers, found {value!r}")
    return [float(limits[0]), float(limits[1])]


def _at_least_one(name: str, value: int) -> int:
    number = operator.index(value)
    if number < 1:
        raise ValueError(f"`{name}`: expected at least 1, found {number}")
    return number
