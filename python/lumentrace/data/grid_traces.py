"""Pixels and voxels as Plotly traces and matplotlib drawings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumentrace.data.plotting import axis_order, name_axes, pyplot

if TYPE_CHECKING:
    from lumentrace.data.grid import Floats, Grid

# Corners of a unit cube, and the two triangles of each of its faces.
CORNERS = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]], float)
FACES = np.array([[0, 1, 2, 3], [4, 5, 6, 7], [0, 1, 5, 4], [3, 2, 6, 7], [0, 3, 7, 4], [1, 2, 6, 5]])
TRIANGLES = np.concatenate([FACES[:, [0, 1, 2]], FACES[:, [0, 2, 3]]])


def positive(values: Any) -> Any:
    """The default condition for cells to be drawn."""
    return values > 0


def extremes(p1: ArrayLike, p2: ArrayLike) -> NDArray[Any]:
    """Least and greatest value of two arrays."""
    both = np.concatenate([np.ravel(p1), np.ravel(p2)])
    return np.array([both.min(), both.max()])


def _allowed(grid: Grid, condition: Callable[[Any], Any]) -> NDArray[np.bool_]:
    mask = np.asarray(condition(grid.view(np.ndarray)))
    if mask.shape != grid.shape or mask.dtype != bool:
        raise ValueError(f"`condition`: expected a mask of shape {grid.shape}, found {mask.dtype} of {mask.shape}")
    return mask


def chosen(grid: Grid, condition: Callable[[Any], Any]) -> list[tuple[int, ...]]:
    """Indices of the cells that fulfil a condition."""
    return [tuple(map(int, index)) for index in np.argwhere(_allowed(grid, condition))]


def surface(grid: Grid, condition: Callable[[Any], Any], opacity: float, colorscale: Any) -> Any:
    """A surface over the centres of pixels."""
    import plotly.graph_objects as go

    x, y = grid.centres()
    height = np.where(_allowed(grid, condition), grid.view(np.ndarray), 0.0)
    return go.Surface(x=x, y=y, z=height.T, opacity=opacity, colorscale=colorscale)


def heatmap(
    values: NDArray[Any], centres: Sequence[Floats], colorscale: Any, transpose: bool, xgap: float = 0, ygap: float = 0
) -> Any:
    """A heatmap over the centres of cells."""
    import plotly.graph_objects as go

    x, y = centres if transpose else centres[::-1]
    return go.Heatmap(x=x, y=y, z=np.asarray(values), colorscale=colorscale, transpose=transpose, xgap=xgap, ygap=ygap)


def slice_heatmap(grid: Grid, indices: Sequence[int | None], width: int, colorscale: Any, transpose: bool) -> Any:
    """A heatmap of the sum of neighbouring slices."""
    given = [(axis, index) for axis, index in enumerate(indices) if index is not None]
    if len(given) != 1:
        raise ValueError(f"`ix`, `iy`, `iz`: expected exactly one of them, found {len(given)}")
    (axis, index) = given[0]
    count = grid.shape[axis]
    if not -count <= index < count:
        raise IndexError(f"`i{'xyz'[axis]}`: expected {-count} to {count - 1}, found {index}")
    middle = index % count
    near = np.arange(max(middle - width, 0), min(middle + width + 1, count))
    values = np.take(grid.view(np.ndarray), near, axis=axis).sum(axis=axis)
    centres = [each for number, each in enumerate(grid.centres()) if number != axis]
    return heatmap(values, centres, colorscale, transpose)


def cube(grid: Grid, index: Sequence[int], color: Any, opacity: float, colorbar: bool, colorscale: Any) -> Any:
    """A mesh of one voxel."""
    import plotly.graph_objects as go

    place = np.asarray(index)
    if place.shape != (3,) or (place < 0).any() or (place >= grid.shape).any():
        raise IndexError(f"`index`: expected the three indices of a voxel of {grid.shape}, found {index!r}")
    x, y, z = grid.to_physical(place + CORNERS, corner=True).T
    i, j, k = TRIANGLES.T
    colours: dict[str, Any] = {"color": color}
    largest = float(grid.view(np.ndarray).max())
    if color is None:
        share = float(grid[tuple(place)]) / largest if largest > 0 else 0.0
        colours = {
            "intensity": np.full(8, share),
            "cmin": 0,
            "cmax": 1,
            "colorscale": colorscale,
            "showscale": colorbar,
        }
    return go.Mesh3d(x=x, y=y, z=z, i=i, j=j, k=k, opacity=opacity, **colours)


def markers(
    grid: Grid,
    condition: Callable[[Any], Any],
    size: float,
    color: Any,
    opacity: float,
    colorbar: bool,
    colorscale: Any,
    colorbar_title: str | None,
) -> Any:
    """Square markers at the centres of voxels."""
    import plotly.graph_objects as go

    mask = _allowed(grid, condition)
    x, y, z = grid.to_physical(np.argwhere(mask)).T
    marker: dict[str, Any] = {"size": size, "symbol": "square", "color": color}
    if color is None:
        marker |= {"color": grid.view(np.ndarray)[mask], "colorscale": colorscale, "showscale": colorbar}
        if colorbar:
            marker["colorbar"] = {"title": {"text": colorbar_title}}
    return go.Scatter3d(x=x, y=y, z=z, mode="markers", opacity=opacity, marker=marker, showlegend=False)


def image(grid: Grid, ax: Any) -> tuple[Any, Any]:
    """Pixels with matplotlib."""
    ax = pyplot().figure().add_subplot() if ax is None else ax
    drawn = ax.pcolormesh(*grid._grids, grid.view(np.ndarray).T, cmap="magma")
    ax.set_aspect("equal")
    ax.set_xlabel("x (mm)")
    ax.set_ylabel("y (mm)")
    ax.figure.colorbar(drawn, ax=ax)
    return ax.figure, ax


def scatter(grid: Grid, condition: Callable[[Any], Any], ax: Any, alt_axes: bool) -> tuple[Any, Any]:
    """Voxels that fulfil a condition with matplotlib."""
    ax = pyplot().figure().add_subplot(projection="3d") if ax is None else ax
    mask = _allowed(grid, condition)
    places = grid.to_physical(np.argwhere(mask))[:, axis_order(alt_axes)]
    drawn = ax.scatter(*places.T, c=grid.view(np.ndarray)[mask], marker="s", cmap="magma")
    name_axes(ax, alt_axes)
    ax.figure.colorbar(drawn, ax=ax)
    return ax.figure, ax
