"""Regions that are tiles of the frame."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.masked import unmasked
from lumentrace.base.provenance import Provenance, Watch
from lumentrace.twophoton.regions.rois import RoiSet, label_pixels, within


@unmasked
def grid_roi_set(
    shape: tuple[int, int],
    *,
    grid_size_pixels: int = 16,
    region_mask: NDArray[Any] | None = None,
    label_prefix: str = "grid",
) -> RoiSet:
    """Tiles of a frame, row by row from the top left; those at the right and bottom may be smaller.

    Parameters
    ----------
    shape : tuple of int
        (rows, columns)
    grid_size_pixels : int, default 16
    region_mask : ndarray of bool, optional
        Keep tiles whose centre lies in it.
    label_prefix : str, default 'grid'

    Raises
    ------
    ValueError
        If the size is not positive, the mask has another shape, or no tile is left.
    """
    watch, (rows, columns) = Watch(), _shape(shape)
    if not grid_size_pixels > 0 or grid_size_pixels != int(grid_size_pixels):
        raise ValueError(f"`grid_size_pixels`: expected a whole number from 1 on, found {grid_size_pixels!r}")
    size = int(grid_size_pixels)
    across = -(-columns // size)
    tiles = np.arange(rows)[:, None] // size * across + np.arange(columns) // size
    found = within(label_pixels(tiles + 1), (rows, columns), region_mask, label_prefix)
    about = {"grid_size_pixels": size, "region_mask": region_mask, "label_prefix": label_prefix}
    return found.with_provenance(watch.after(Provenance({"shape": [rows, columns]}), "grid_roi_set", about))


@unmasked
def grid_roi_set_microns(
    shape: tuple[int, int],
    *,
    micron_grid_size: float,
    pixel_size_um: float,
    region_mask: NDArray[Any] | None = None,
    label_prefix: str = "grid",
) -> RoiSet:
    """Tiles of so many micrometres, rounded down to whole pixels; otherwise as `grid_roi_set`.

    Raises
    ------
    ValueError
        If a size is not positive, or a tile is smaller than a pixel.
    """
    for name, value in (("micron_grid_size", micron_grid_size), ("pixel_size_um", pixel_size_um)):
        if not (np.isfinite(value) and value > 0):
            raise ValueError(f"`{name}`: expected a positive number, found {value!r}")
    size = int(np.floor(micron_grid_size / pixel_size_um))
    if size < 1:
        raise ValueError(
            f"`micron_grid_size`: expected at least a pixel ({pixel_size_um} um), found {micron_grid_size}"
        )
    return grid_roi_set(shape, grid_size_pixels=size, region_mask=region_mask, label_prefix=label_prefix)


def _shape(shape: Iterable[int]) -> tuple[int, int]:
    found = tuple(int(length) for length in shape)
    if len(found) != 2 or min(found) < 1:
        raise ValueError(f"`shape`: expected (rows, columns), found {found}")
    return found[0], found[1]
