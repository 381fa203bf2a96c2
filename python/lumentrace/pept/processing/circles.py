"""Areas and volumes that discs and balls take up in cells."""

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
from lumentrace.pept.processing.bodies import START, Floats, around, bodies, measures, positions_of, spread

MARGIN = 0.01
"""Part of a limit by which it is moved outwards when it is taken from the positions."""


@recorded
@unmasked
def circles2d(
    positions: ArrayLike,
    number_of_pixels: ArrayLike,
    radii: ArrayLike = 0,
    xlim: ArrayLike | None = None,
    ylim: ArrayLike | None = None,
    verbose: bool = True,
) -> Pixels:
    """Add up the areas that circles have in common with each pixel.

    Parameters
    ----------
    positions : (N, 2) array-like
        Centres in mm.
    number_of_pixels : (2,) array-like
        Pixels along each axis.
    radii : float or (N,) array-like, default 0
        In mm; a circle of radius 0 adds 1 to the pixel that holds it.
    xlim, ylim : (2,) array-like, optional
        Limits in mm; by default those of the largest circles about all positions, and 1 % more.
    verbose : bool, default True
        Say how long it took.

    Returns
    -------
    Pixels
        Areas in mm², exact to rounding: a circle inside the limits adds πr². What is outside does not count.

    Raises
    ------
    ValueError
        If an argument has the wrong shape, a radius is negative, or there is neither a limit nor a position.

    Examples
    --------
    >>> from lumentrace.pept.processing import circles2d
    >>> pixels = circles2d([[1, 1], [3, 1]], (2, 1), radii=[1, 0.5], xlim=(0, 4), ylim=(0, 2), verbose=False)
    >>> pixels.pixels.round(6).tolist()
    [[3.141593], [0.785398]]
    """
    pixels: Pixels = _areas(Pixels, positions, number_of_pixels, radii, (xlim, ylim), verbose)
    return pixels


@recorded
@unmasked
def spheres3d(
    positions: ArrayLike,
    number_of_voxels: ArrayLike,
    radii: ArrayLike = 0,
    xlim: ArrayLike | None = None,
    ylim: ArrayLike | None = None,
    zlim: ArrayLike | None = None,
    verbose: bool = True,
) -> Voxels:
    """Add up the volumes that spheres have in common with each voxel.

    Parameters
    ----------
    positions : (N, 3) array-like
        Centres in mm.
    number_of_voxels : (3,) array-like
        Voxels along each axis.
    radii : float or (N,) array-like, default 0
        In mm; a sphere of radius 0 adds 1 to the voxel that holds it.
    xlim, ylim, zlim : (2,) array-like, optional
        Limits in mm; by default those of the largest spheres about all positions, and 1 % more.
    verbose : bool, default True
        Say how long it took.

    Returns
    -------
    Voxels
        Volumes in mm³: right to about 1 % of each voxel that the surface passes, exact in sum.

    Raises
    ------
    ValueError
        As `circles2d`.

    Examples
    --------
    >>> from lumentrace.pept.processing import spheres3d
    >>> voxels = spheres3d([[0, 0, 0]], (2, 2, 2), 1, xlim=(-1, 1), ylim=(-1, 1), zlim=(-1, 1), verbose=False)
    >>> float(voxels[0, 0, 0].round(6)), float(voxels.sum().round(6))
    (0.523599, 4.18879)
    """
    voxels: Voxels = _areas(Voxels, positions, number_of_voxels, radii, (xlim, ylim, zlim), verbose)
    return voxels


def _areas(cls: type[Grid], positions: Any, number: ArrayLike, radii: ArrayLike, limits: Any, verbose: bool) -> Any:
    start = time.perf_counter()
    centres = positions_of("positions", positions, len(cls.axes))
    sizes = np.asarray(radii, dtype=np.float64)
    if sizes.shape not in ((), (len(centres),)) or not (sizes >= 0).all():
        raise ValueError(f"`radii`: expected one number >= 0 or {len(centres)} of them, found shape {sizes.shape}")
    rows = bodies(centres, centres, sizes, START)
    largest = float(sizes.max()) if sizes.size else 0.0
    (grid,) = spread(cls, number, _wider(limits, around(cls, limits, centres, largest)), rows, measures(rows)[:, None])
    if verbose:
        print(f"Filled {cls.__name__} with {len(rows)} bodies in {time.perf_counter() - start:.3f} s.")
    return grid


def _wider(given: Any, limits: list[Any]) -> list[Any]:
    outwards: Floats = np.array([-MARGIN, MARGIN])
    return [
        pair if own is not None else pair + outwards * np.abs(pair) for own, pair in zip(given, limits, strict=True)
    ]
