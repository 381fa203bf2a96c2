"""Discs and balls, at rest or on their way, as the Rust core takes them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumentrace import _core
from lumentrace.data.grid import Grid, cell_counts, checked_limits

Floats = NDArray[np.float64]

START, WAY, WAY_BUT_END = 0, 1, 2
"""Where a body begins; all that it passes over; the same without where it ends."""


def bodies(start: Floats, end: Floats, radii: Floats | float, kind: int) -> Floats:
    """Rows of bodies that go from `start` to `end`, both of shape (N, D)."""
    count = len(start)
    return np.column_stack([start, end, np.broadcast_to(radii, count), np.full(count, kind)])


def ways(positions: Floats, radius: float) -> Floats:
    """The ways between consecutive positions, each whole."""
    return bodies(positions[:-1], positions[1:], radius, WAY)


def measures(rows: Floats) -> Floats:
    """Areas or volumes of bodies; 1 for those of radius 0."""
    dimensions = (rows.shape[1] - 2) // 2
    r, kind = rows[:, -2], rows[:, -1]
    length = np.linalg.norm(rows[:, dimensions : 2 * dimensions] - rows[:, :dimensions], axis=1)
    whole = np.pi * r**2 if dimensions == 2 else 4 / 3 * np.pi * r**3
    across = 2 * r if dimensions == 2 else np.pi * r**2
    moved = across * length
    size = np.where((kind == START) | (length == 0), whole, np.where(kind == WAY, whole + moved, moved))
    return np.where(r > 0, size, 1.0)


def spread(cls: type[Grid], number: ArrayLike, limits: Any, rows: Floats, amounts: Floats, threads: int = 0) -> Any:
    """Grids over which the `amounts` (N, grids) of bodies are spread evenly.

    Raises
    ------
    ValueError
        If the number of cells or a limit makes no sense.
    """
    counts = cell_counts(cls, number, 1)
    pairs = [checked_limits(f"{axis}lim", each) for axis, each in zip(cls.axes, limits, strict=True)]
    flat = 3 - len(counts)
    values = np.zeros((amounts.shape[1], *counts, *[1] * flat))
    lower, upper = ([float(pair[end]) for pair in pairs] for end in (0, 1))
    _core.spread_bodies(
        values,
        np.ascontiguousarray(rows, dtype=np.float64),
        np.ascontiguousarray(amounts, dtype=np.float64),
        lower + [-0.5] * flat,
        upper + [0.5] * flat,
        threads,
    )
    return [cls(each.reshape(counts), *pairs) for each in values]


def around(cls: type[Grid], limits: Any, positions: Floats, radius: float) -> list[Any]:
    """`limits`, the missing ones those of all finite positions and `radius` around them.

    Raises
    ------
    ValueError
        If there is nothing to take them from.
    """
    finite = positions[np.isfinite(positions).all(axis=1)]
    if all(each is not None for each in limits):
        return list(limits)
    if not len(finite):
        raise ValueError(f"{cls.__name__}: expected limits on every axis, because there is no point to take them from")
    low, high = finite.min(axis=0) - radius, finite.max(axis=0) + radius
    flat = low == high
    low, high = np.where(flat, low - 0.5, low), np.where(flat, high + 0.5, high)
    pairs = np.column_stack([low, high])
    return [pairs[axis] if each is None else each for axis, each in enumerate(limits)]


def positions_of(name: str, table: Any, columns: int, others: bool = False) -> Floats:
    """A table of numbers with so many columns, after which there may be `others`.

    Raises
    ------
    ValueError
        If it is something else.
    """
    rows = np.asarray(getattr(table, "points", table), dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] < columns or (rows.shape[1] > columns and not others):
        more = " or more columns" if others else ""
        raise ValueError(f"`{name}`: expected shape (N, {columns}){more}, found {rows.shape}")
    return rows[:, :columns]


def checked_radius(name: str, radius: float) -> float:
    """A finite number of at least 0.

    Raises
    ------
    ValueError
        If it is something else.
    """
    if not 0 <= radius < np.inf:
        raise ValueError(f"`{name}`: expected a finite number >= 0, found {radius}")
    return float(radius)
