"""Counting the lines that pass each cell of a grid."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lumentrace.base.masked import unmasked
from lumentrace.data.grid import line_rows, mark


@unmasked
def traverse2d(pixels: Any, lines: Any, grid_x: ArrayLike, grid_y: ArrayLike) -> None:
    """Add to every pixel the number of lines that pass through it, in place.

    A line is the segment between its two points; it counts once in every pixel on its way [1]_. Lines with a value
    that is not finite are skipped.

    Parameters
    ----------
    pixels : (X, Y) ndarray of float64
        Counts; changed in place.
    lines : (N, >=5) array-like
        Rows t, x1, y1, x2, y2.
    grid_x, grid_y : (X + 1,), (Y + 1,) array-like
        Faces of the pixels, equally spaced.

    Raises
    ------
    TypeError, ValueError
        If `pixels` is no writable float64 array of two axes, a grid does not fit it, or `lines` has too few columns.

    References
    ----------
    .. [1] Amanatides J., Woo A., A fast voxel traversal algorithm for ray tracing, Eurographics 1987.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace.pept.utilities import traverse2d
    >>> pixels = np.zeros((3, 2))
    >>> traverse2d(pixels, [[0, 10.5, 0.5, 12.5, 0.5]], [10, 11, 12, 13], [0, 1, 2])
    >>> pixels[:, 0]
    array([1., 1., 1.])
    """
    _traverse("pixels", pixels, lines, {"grid_x": grid_x, "grid_y": grid_y})


@unmasked
def traverse3d(voxels: Any, lines: Any, grid_x: ArrayLike, grid_y: ArrayLike, grid_z: ArrayLike) -> None:
    """Add to every voxel the number of lines that pass through it, in place.

    A line is the segment between its two points; it counts once in every voxel on its way [1]_. Lines with a value
    that is not finite are skipped.

    Parameters
    ----------
    voxels : (X, Y, Z) ndarray of float64
        Counts; changed in place.
    lines : LineData or (N, >=7) array-like
        Rows t, x1, y1, z1, x2, y2, z2.
    grid_x, grid_y, grid_z : (X + 1,), (Y + 1,), (Z + 1,) array-like
        Faces of the voxels, equally spaced.

    Raises
    ------
    TypeError, ValueError
        If `voxels` is no writable float64 array of three axes, a grid does not fit it, or `lines` has too few columns.

    References
    ----------
    .. [1] Amanatides J., Woo A., A fast voxel traversal algorithm for ray tracing, Eurographics 1987.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace.pept.utilities import traverse3d
    >>> voxels = np.zeros((2, 2, 2))
    >>> traverse3d(voxels, [[0, 0.5, 0.5, 0.5, 0.5, 0.5, 1.5]], [0, 1, 2], [0, 1, 2], [0, 1, 2])
    >>> voxels[0, 0]
    array([1., 1.])
    """
    _traverse("voxels", voxels, lines, {"grid_x": grid_x, "grid_y": grid_y, "grid_z": grid_z})


def _traverse(name: str, counts: Any, lines: Any, grids: dict[str, ArrayLike]) -> None:
    if not isinstance(counts, np.ndarray) or counts.dtype != np.float64:
        found = counts.dtype if isinstance(counts, np.ndarray) else type(counts).__name__
        raise TypeError(f"`{name}`: expected an array of float64, found {found}")
    if counts.ndim != len(grids):
        raise ValueError(f"`{name}`: expected {len(grids)} axes, found shape {counts.shape}")
    if not counts.flags.writeable:
        raise ValueError(f"`{name}`: expected an array that can be changed, found a read-only one")
    limits = [_limits(grid, values, n) for (grid, values), n in zip(grids.items(), counts.shape, strict=True)]
    lower, upper = zip(*limits, strict=True)
    mark(counts.view(np.ndarray), line_rows(lines, len(grids)), lower, upper)


def _limits(name: str, values: ArrayLike, cells: int) -> tuple[float, float]:
    grid = np.asarray(values, dtype=np.float64)
    if grid.shape != (cells + 1,):
        raise ValueError(f"`{name}`: expected {cells + 1} faces for {cells} cells, found shape {grid.shape}")
    if not np.isfinite(grid).all() or not (np.diff(grid) > 0).all():
        raise ValueError(f"`{name}`: expected finite faces in ascending order")
    if not np.allclose(np.diff(grid), (grid[-1] - grid[0]) / cells, rtol=1e-6):
        raise ValueError(f"`{name}`: expected equally spaced faces")
    return float(grid[0]), float(grid[-1])
