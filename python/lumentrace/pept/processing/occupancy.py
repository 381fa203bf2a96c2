"""How long a tracer of some size was where."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lumentrace.base.masked import unmasked
from lumentrace.data.grid import Grid
from lumentrace.data.pixels import Pixels
from lumentrace.data.voxels import Voxels
from lumentrace.engine.samples.history import recorded
from lumentrace.pept.processing import lazily
from lumentrace.pept.processing.bodies import (
    WAY_BUT_END,
    Floats,
    around,
    checked_radius,
    measures,
    positions_of,
    spread,
    ways,
)


@recorded
@unmasked
def occupancy2d(
    points: Any,
    number_of_pixels: ArrayLike,
    radius: float,
    xlim: ArrayLike | None = None,
    ylim: ArrayLike | None = None,
    omit_last: bool = False,
    verbose: bool = True,
) -> Pixels:
    """Time that a disc on its way from point to point spends in each pixel.

    The time between two points is spread evenly over all that the disc passes over, by exact areas.

    Parameters
    ----------
    points : PointData, (N, >=3) array-like or polars.LazyFrame
        Rows t, x, y in ms and mm, of one trajectory. A LazyFrame (with columns of these names) is read batch by batch,
        in bounded memory; its map differs from that of a table by rounding, less than 1e-12 of the largest cell.
    number_of_pixels : (2,) array-like
        Pixels along each axis.
    radius : float
        Of the disc, in mm; with 0 the time is divided by the length of the way in each pixel.
    xlim, ylim : (2,) array-like, optional
        Limits in mm; by default those of the disc at all points.
    omit_last : bool, default False
        Leave out where the disc ends. The maps of two parts of a trajectory that share a point then add up.
    verbose : bool, default True
        Say how long it took.

    Returns
    -------
    Pixels
        Times in ms. Their sum is the time from first to last point, to rounding, if all is inside the limits.

    Raises
    ------
    ValueError
        If there are fewer than 2 points, `radius` is negative, or an argument has the wrong shape.

    Notes
    -----
    Points that are not finite are gaps: no time is given to the ways to and from them.

    Examples
    --------
    >>> from lumentrace.pept.processing import occupancy2d
    >>> track = [[0, 1, 1], [10, 5, 1]]
    >>> pixels = occupancy2d(track, (3, 1), radius=1, xlim=(0, 6), ylim=(0, 2), verbose=False)
    >>> float(pixels.sum().round(12)), pixels.pixels[:, 0].round(3).tolist()
    (10.0, [3.205, 3.59, 3.205])
    """
    pixels: Pixels = _occupancy(Pixels, points, number_of_pixels, radius, (xlim, ylim), omit_last, verbose)
    return pixels


@recorded
@unmasked
def occupancy3d(
    points: Any,
    number_of_voxels: ArrayLike,
    radius: float,
    xlim: ArrayLike | None = None,
    ylim: ArrayLike | None = None,
    zlim: ArrayLike | None = None,
    omit_last: bool = False,
    verbose: bool = True,
) -> Voxels:
    """Time that a ball on its way from point to point spends in each voxel.

    Parameters
    ----------
    points : PointData, (N, >=4) array-like or polars.LazyFrame
        Rows t, x, y, z in ms and mm, of one trajectory; see `occupancy2d`.
    number_of_voxels : (3,) array-like
        Voxels along each axis.
    radius : float
        Of the ball, in mm; with 0 the time is divided by the length of the way in each voxel.
    xlim, ylim, zlim : (2,) array-like, optional
        Limits in mm; by default those of the ball at all points.
    omit_last : bool, default False
        Leave out where the ball ends.
    verbose : bool, default True
        Say how long it took.

    Returns
    -------
    Voxels
        Times in ms, as `occupancy2d` gives them: right to about 1 % of each voxel that a surface passes, exact in sum.

    Raises
    ------
    ValueError
        As `occupancy2d`.

    Examples
    --------
    >>> from lumentrace.pept.processing import occupancy3d
    >>> voxels = occupancy3d([[0, 1, 1, 1], [10, 5, 1, 1]], (3, 2, 2), radius=1, verbose=False)
    >>> float(voxels.sum().round(9))
    10.0
    """
    voxels: Voxels = _occupancy(Voxels, points, number_of_voxels, radius, (xlim, ylim, zlim), omit_last, verbose)
    return voxels


def _occupancy(
    cls: type[Grid], points: Any, number: ArrayLike, radius: float, limits: Any, omit_last: bool, verbose: bool
) -> Any:
    start = time.perf_counter()
    radius = checked_radius("radius", radius)
    count, passed, grid = 0, 0, None
    places, tables = _tables(cls, points)
    for table, is_last in tables:
        limits = around(cls, limits, places, radius)
        rows, amounts = _ways(table, radius, omit_last and is_last)
        (own,) = spread(cls, number, limits, rows, amounts[:, None])
        grid = own if grid is None else grid + own
        count, passed = count + len(table) - (count > 0), passed + len(rows)
    if count < 2:
        raise ValueError(f"`points`: expected at least 2 rows, found {count}")
    if verbose:
        print(f"Filled {cls.__name__} with {passed} ways in {time.perf_counter() - start:.3f} s.")
    return grid


def _tables(cls: type[Grid], points: Any) -> tuple[Floats, Iterator[tuple[Floats, bool]]]:
    """Places that limits can be taken from, and tables t, x, y(, z), each from the last row of the one before."""
    columns = lazily.TXYZ[: 1 + len(cls.axes)]
    if not lazily.is_lazy(points):
        table = positions_of("points", points, len(columns), others=True)
        return table[:, 1:], iter([(table, True)] if len(table) > 1 else [])
    return lazily.corners(points, columns[1:], labelled=False), _overlapping(lazily.batches(points, columns))


def _overlapping(blocks: Iterator[Floats]) -> Iterator[tuple[Floats, bool]]:
    held = None
    for block in blocks:
        if held is not None and len(held) > 1:
            yield held, False
        held = block if held is None else np.concatenate([held[-1:] if len(held) > 1 else held, block])
    if held is not None and len(held) > 1:
        yield held, True


def _ways(table: Floats, radius: float, omit_last: bool) -> tuple[Floats, Floats]:
    """Ways, and the time that each takes."""
    rows, amounts = ways(table[:, 1:], radius), np.diff(table[:, 0])
    rows, amounts = rows[np.isfinite(amounts)], amounts[np.isfinite(amounts)]
    if omit_last and len(rows):
        whole = measures(rows[-1:])
        rows[-1, -1] = WAY_BUT_END
        moved = radius > 0 and (table[-2, 1:] != table[-1, 1:]).any()
        amounts[-1] *= (measures(rows[-1:]) / whole)[0] if moved else float(radius == 0)
    return rows, amounts
