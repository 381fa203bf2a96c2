"""Arguments that several classes check in the same way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumentrace.data.iterable_samples import IterableSamples
from lumentrace.data.points import PointData

Floats = NDArray[np.float64]


def shaped(name: str, values: ArrayLike, shape: tuple[int, ...]) -> Floats:
    """Finite numbers of a shape.

    Raises
    ------
    ValueError
        If they are anything else.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.shape != shape or not np.isfinite(array).all():
        raise ValueError(f"`{name}`: expected finite numbers of shape {shape}, found {values!r}")
    return array


def trajectories(name: str, samples: Any) -> list[PointData]:
    """One `PointData` per trajectory: the samples of a `PointData`, or a list of them or of tables.

    Raises
    ------
    TypeError
        If there is anything that is no points.
    """
    if isinstance(samples, PointData):
        return list(samples)
    if isinstance(samples, IterableSamples):
        raise TypeError(f"{name}: expected PointData, found {type(samples).__name__}")
    if isinstance(samples, np.ndarray) and samples.ndim == 2:
        return [PointData(samples)]
    found: list[PointData] = []
    for each in samples:
        found += trajectories(name, each)
    return found


def column_of(points: PointData, column: int | str) -> Floats:
    """A column by its name or number.

    Raises
    ------
    ValueError
        If there is none.
    """
    if isinstance(column, str) and column in points.columns:
        return points.points[:, points.columns.index(column)]
    if isinstance(column, (int, np.integer)) and -len(points.columns) <= column < len(points.columns):
        return points.points[:, column]
    raise ValueError(f"`column`: expected one of {points.columns} or its number, found {column!r}")


def axis_names(dimensions: str, count: int) -> Sequence[str]:
    """`count` different names among x, y, z.

    Raises
    ------
    ValueError
        If `dimensions` is anything else.
    """
    if len(dimensions) != count or len(set(dimensions)) != count or set(dimensions) - set("xyz"):
        raise ValueError(f"`dimensions`: expected {count} different ones of x, y, z, found {dimensions!r}")
    return list(dimensions)
