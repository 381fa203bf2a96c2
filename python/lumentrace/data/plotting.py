"""A quick look at lines and points in space, with matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.palette import NEUTRAL, PALETTE

if TYPE_CHECKING:
    from lumentrace.data.iterable_samples import IterableSamples


def plot(
    samples: IterableSamples,
    places: tuple[tuple[int, int, int], ...],
    sample_indices: Any,
    ax: Any,
    alt_axes: bool,
    colorbar_col: int | str,
) -> tuple[Any, Any]:
    """Draw samples; see `IterableSamples.plot`. `places` are the columns x, y, z of each point of a row."""
    ax = pyplot().figure().add_subplot(projection="3d") if ax is None else ax
    rows, values = _chosen(samples, sample_indices, colorbar_col)
    order = axis_order(alt_axes)
    points = np.stack([rows[:, [place[i] for i in order]] for place in places], axis=1)
    name = colorbar_col if isinstance(colorbar_col, str) else samples.columns[colorbar_col]
    if name == "label" and len(places) == 1:
        _labelled(ax, points[:, 0], values)
    else:
        is_lines = len(places) > 1 and len(points)
        drawn = _segments(ax, points, values) if is_lines else ax.scatter(*points[:, 0].T, c=values, cmap="magma")
        unit = samples.units[name]
        ax.figure.colorbar(drawn, ax=ax, label=f"{name} ({unit})" if unit else name, pad=0.12)
    name_axes(ax, alt_axes)
    ax.set_aspect("equal", adjustable="datalim")
    return ax.figure, ax


def _labelled(ax: Any, points: NDArray[Any], labels: NDArray[Any]) -> None:
    """Points of each label in a colour of its own; noise is grey, and only the first labels have a name."""
    for place, label in enumerate(np.unique(labels[labels >= 0])):
        name = f"label {label:g}" if place < len(PALETTE) else None
        ax.scatter(*points[labels == label].T, color=PALETTE[place % len(PALETTE)], label=name)
    loose = points[~(labels >= 0)]
    if len(loose):
        ax.scatter(*loose.T, color=NEUTRAL, label="noise")
    if len(points):
        ax.legend()


def axis_order(alt_axes: bool) -> list[int]:
    """Which coordinate is drawn along each axis; the alternative has y upwards."""
    return [2, 0, 1] if alt_axes else [0, 1, 2]


def name_axes(ax: Any, alt_axes: bool) -> None:
    """Label the three axes."""
    for axis, i in zip("xyz", axis_order(alt_axes), strict=True):
        getattr(ax, f"set_{axis}label")(f"{'xyz'[i]} (mm)")


def _chosen(samples: IterableSamples, sample_indices: Any, column: int | str) -> tuple[NDArray[Any], NDArray[Any]]:
    if sample_indices is not Ellipsis:
        whole_number = isinstance(sample_indices, (int, np.integer))
        samples = samples[[sample_indices] if whole_number else sample_indices]
    return samples.data, samples[column] if isinstance(column, str) else samples.data[:, column]


def pyplot() -> Any:
    """The plotting module of matplotlib.

    Raises
    ------
    ImportError
        If it is not installed; the message says how to get it.
    """
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError("`plot` needs matplotlib: pip install 'lumentrace[matplotlib]'") from error
    return pyplot


def _segments(ax: Any, points: NDArray[Any], values: NDArray[Any]) -> Any:
    from mpl_toolkits.mplot3d.art3d import Line3DCollection  # type: ignore[import-untyped]  # matplotlib ships no types for it

    lines = Line3DCollection(list(points), cmap="magma", linewidths=1)
    lines.set_array(values)
    ax.add_collection3d(lines)
    ax.auto_scale_xyz(*points.reshape(-1, 3).T)
    return lines
