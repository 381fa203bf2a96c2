"""How long a tracer of some size was where."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lumentrace.base.masked import unmasked
from lumentrace.data.grid import Grid
from lumentrace.data.pixels import Pixels
from lumentrace.data.voxels import Voxels
from lumentrace.engine.samples.history import recorded
from lumentrace.pept.processing.bodies import WAY_BUT_END, around, checked_radius, measures, positions_of, spread, ways


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
    points : PointData or (N, >=3) array-like
        Rows t, x, y in ms and mm.
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
    points : PointData or (N, >=4) array-like
        Rows t, x, y, z in ms and mm.
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
    table = positions_of("points", points, 1 + len(cls.axes), others=True)
    if len(table) < 2:
        raise ValueError(f"`points`: expected at least 2 rows, found {len(table)}")
    radius = checked_radius("radius", radius)
    rows, amounts = ways(table[:, 1:], radius), np.diff(table[:, 0])
    rows, amounts = rows[np.isfinite(amounts)], amounts[np.isfinite(amounts)]
    if omit_last and len(rows):
        whole = measures(rows[-1:])
        rows[-1, -1] = WAY_BUT_END
        moved = radius > 0 and (table[-2, 1:] != table[-1, 1:]).any()
        amounts[-1] *= (measures(rows[-1:]) / whole)[0] if moved else float(radius == 0)
    (grid,) = spread(cls, number, around(cls, limits, table[:, 1:], radius), rows, amounts[:, None])
    if verbose:
        print(f"Filled {cls.__name__} with {len(rows)} ways in {time.perf_counter() - start:.3f} s.")
    return grid
