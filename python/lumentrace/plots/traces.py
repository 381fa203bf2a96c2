"""Plotly traces from points and lines, for the 2-D and the 3-D grapher alike."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .palette import NEUTRAL, PALETTE
from .tables import Floats, Table, tables

if TYPE_CHECKING:
    from plotly.basedatatypes import BaseTraceType

FEW = 10


Colour: TypeAlias = str | Sequence[str] | ArrayLike


class DrawingMethod(Protocol):
    """How a grid of pixels or voxels draws itself."""

    def __call__(self, **settings: object) -> BaseTraceType:
        """A trace of the grid."""


class Colours:
    """What colours a set of rows: one fixed colour, given values, or a column of the data.

    Parameters
    ----------
    source : sequence of Table
    color : str, sequence or None
        A colour, one colour per row, or one number per row. None: use the column.
    bar : bool
        Colour by the column and show a colour bar.
    column : int or str
        Column that gives the numbers.
    scale : str or list
        Plotly colour scale for numbers.
    title : str or None
        Title of the colour bar; the name of the column by default.
    """

    def __init__(
        self,
        source: Sequence[Table],
        color: Colour | None,
        bar: bool,
        column: int | str,
        scale: object,
        title: str | None,
    ):
        self.bar = bar
        self.fixed: str | list[str] | None = None
        self.values: Floats | None = None
        self.name = ""
        self.scale = scale
        if isinstance(color, str):
            self.fixed = color
        elif color is not None:
            self._take(color, sum(len(table.rows) for table in source))
        elif bar and source:
            where = [table.index(column, "colorbar_col") for table in source]
            self.values = np.concatenate([table.rows[:, i] for table, i in zip(source, where, strict=True)])
            self.name = source[0].columns[where[0]]
        self.title = self.name if title is None else title

    def _take(self, color: Colour | None, rows: int) -> None:
        values = np.asarray(color)
        if values.shape != (rows,):
            raise ValueError(f"`color`: expected a colour or {rows} values, found shape {values.shape}")
        if values.dtype.kind in "biuf":
            self.values, self.name = values.astype(np.float64), "color"
        else:
            self.fixed = values.tolist()


def point_positions(points: object, axes: Sequence[str]) -> tuple[list[Table], dict[str, Floats]]:
    """The tables of `points` and their stacked coordinates, one (N,) array per axis."""
    source = tables(points, "points", ("t", *axes))
    columns = [table.rows[:, 1 : 1 + len(axes)] for table in source]
    stacked = np.concatenate(columns) if columns else np.empty((0, len(axes)))
    return source, {axis: np.ascontiguousarray(stacked[:, i]) for i, axis in enumerate(axes)}


def line_positions(lines: object, axes: Sequence[str]) -> tuple[list[Table], dict[str, Floats]]:
    """The tables of `lines` and, per axis, both end points of each line followed by NaN: shape (3 N,)."""
    names = [f"{axis}{end}" for end in (1, 2) for axis in axes]
    source = tables(lines, "lines", ("t", *names))
    count = len(axes)
    ends = [np.stack(table.select(names, range(1, 1 + 2 * count)), axis=1) for table in source]
    stacked = np.concatenate(ends) if ends else np.empty((0, 2 * count))
    broken = np.full((len(stacked), 3, count), np.nan)
    broken[:, 0], broken[:, 1] = stacked[:, :count], stacked[:, count:]
    return source, {axis: broken[:, :, i].ravel() for i, axis in enumerate(axes)}


def marker_traces(
    make: type[BaseTraceType],
    positions: Mapping[str, Floats],
    colours: Colours,
    colorbar: Callable[[], dict[str, object]] | None,
    first: int,
    style: Mapping[str, object],
) -> list[BaseTraceType]:
    """Traces of markers: at most `FEW` different values give one trace each, more a continuous scale.

    Parameters
    ----------
    make : callable
        The trace class.
    positions : mapping of axis name to (N,) array
    colours : Colours
    colorbar : callable or None
        Called for the settings of a colour bar; None: no bar.
    first : int
        Palette entry of the first value.
    style : mapping
        Settings for every trace, `marker` among them; they win over the settings made here.
    """
    unique = np.empty(0) if colours.values is None else np.unique(colours.values)
    if colours.values is None or len(unique) > FEW:
        return [marker_trace(make, positions, colours, colorbar, style)]
    marker = marker_of(style)
    traces = []
    numbers = itertools.count(first)
    for value in unique:
        where = np.isnan(colours.values) if np.isnan(value) else colours.values == value
        chosen = {axis: coordinates[where] for axis, coordinates in positions.items()}
        name = f"{colours.name} = {value:g}"
        is_noise = colours.name == "label" and value < 0
        own = {"color": NEUTRAL if is_noise else PALETTE[next(numbers) % len(PALETTE)], **marker}
        traces.append(make(**{**chosen, "name": name, "legendgroup": name, **style, "marker": own}))
    return traces


def marker_trace(
    make: type[BaseTraceType],
    positions: Mapping[str, Floats],
    colours: Colours,
    colorbar: Callable[[], dict[str, object]] | None,
    style: Mapping[str, object],
) -> BaseTraceType:
    """One trace of all markers; arguments as `marker_traces`.

    Numbers have a continuous scale, but those of a column `label` colours of their own, without a bar.
    """
    if colours.values is None:
        shown = "name" in style
        marker: dict[str, object] = {} if colours.fixed is None else {"color": colours.fixed}
    elif colours.name == "label":
        shown, marker = False, labelled(colours.values)
    else:
        shown = False
        marker = {"color": colours.values, "colorscale": colours.scale, "showscale": colorbar is not None}
        if colorbar is not None:
            marker["colorbar"] = colorbar()
    return make(**{**positions, "showlegend": shown, **style, "marker": {**marker, **marker_of(style)}})


def labelled(labels: Floats) -> dict[str, object]:
    """Settings of markers that give each label a colour of the palette, in order and over again, and noise none."""
    order = np.unique(labels[labels >= 0])
    place = np.where(labels >= 0, np.searchsorted(order, labels) % len(PALETTE), -1)
    steps = np.linspace(0, 1, len(PALETTE) + 2)
    colours = (NEUTRAL, *PALETTE)
    scale = [[edge, colour] for pair, colour in zip(itertools.pairwise(steps), colours, strict=True) for edge in pair]
    return {"color": place, "colorscale": scale, "cmin": -1.5, "cmax": len(PALETTE) - 0.5, "showscale": False}


def marker_of(style: Mapping[str, object]) -> Mapping[str, object]:
    """The settings of markers among those of a trace.

    Raises
    ------
    TypeError
        If they are no mapping.
    """
    marker = style.get("marker", {})
    if not isinstance(marker, Mapping):
        raise TypeError(f"`marker`: expected a mapping, found {type(marker).__name__}")
    return marker


def titled(title: str) -> dict[str, object]:
    """Settings of a colour bar that stands where Plotly puts it."""
    return {"title": {"text": title, "side": "right"}}


def drawing_method(source: object, kind: str, method: str) -> DrawingMethod:
    """The method by which a grid of pixels or voxels draws itself.

    Raises
    ------
    TypeError
        If `source` has no such method.
    """
    found: DrawingMethod | None = getattr(source, method, None)
    if not callable(found):
        raise TypeError(f"`{kind}`: expected an object with `{method}`, found {type(source).__name__}")
    return found


def positive(values: Floats) -> NDArray[np.bool_]:
    """The default condition for cells to be drawn."""
    return np.asarray(values > 0)
