"""Regions of interest: sets of masks, grids, and files that keep them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.errors import FormatError
from lumentrace.files import replacing
from lumentrace.storage.hdf5 import opened, written

ORIENTATION = "matlab_display"
FORMAT = "twopy-roi-set"
SCHEMA = 1

Masks = NDArray[np.bool_]


@dataclass(frozen=True)
class RoiSet:
    """Regions of a recording, on the whole frame.

    Attributes
    ----------
    masks : ndarray of bool
        (regions, rows, columns); they may overlap.
    labels : tuple of str
    """

    masks: Masks
    labels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the frame."""
        return int(self.masks.shape[1]), int(self.masks.shape[2])


def make_roi_set(masks: NDArray[Any], *, labels: Sequence[str] | None = None) -> RoiSet:
    """A set of regions from masks.

    Parameters
    ----------
    masks : ndarray
        (regions, rows, columns); what is not zero belongs to the region.
    labels : sequence of str, optional
        ``roi_0001`` and so on by default.

    Raises
    ------
    ValueError
        If there is no region, one is empty, or labels do not fit or repeat.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import twophoton
    >>> twophoton.make_roi_set(np.eye(3)[:, None]).labels
    ('roi_0001', 'roi_0002', 'roi_0003')
    """
    found = np.asarray(masks).astype(bool)
    if found.ndim != 3 or not len(found):
        raise ValueError(
            f"`masks`: expected shape (regions, rows, columns) with a region at least, found {found.shape}"
        )
    empty = np.flatnonzero(~found.any(axis=(1, 2)))
    if empty.size:
        raise ValueError(
            f"`masks`: expected pixels in every region, found none in number {', '.join(map(str, empty[:10]))}"
        )
    names = (
        tuple(f"roi_{number:04d}" for number in range(1, len(found) + 1)) if labels is None else tuple(map(str, labels))
    )
    if len(names) != len(found):
        raise ValueError(f"`labels`: expected {len(found)}, found {len(names)}")
    twice = {name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else set()
    if twice:
        raise ValueError(f"`labels`: expected each once, found {', '.join(sorted(twice))} more often")
    return RoiSet(found, names)


def make_roi_set_from_label_image(
    label_image: NDArray[Any], labels: Sequence[str] | None = None, label_prefix: str = "roi"
) -> RoiSet:
    """A set of regions from an image of numbers: 0 is none, each other number a region, in ascending order.

    Raises
    ------
    ValueError
        If the image is no plane of whole numbers from 0 on, or has no region.
    """
    image = np.nan_to_num(np.asarray(label_image, dtype=np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    if image.ndim != 2:
        raise ValueError(f"`label_image`: expected shape (rows, columns), found {image.shape}")
    if (image != np.rint(image)).any() or (image < 0).any():
        raise ValueError("`label_image`: expected whole numbers from 0 on")
    values = [int(value) for value in np.unique(image) if value > 0]
    if not values:
        raise ValueError("`label_image`: expected a region at least, found 0 everywhere")
    masks = np.stack([image == value for value in values])
    return make_roi_set(masks, labels=labels or [f"{label_prefix}_{value:04d}" for value in values])


def roi_set_to_label_image(rois: RoiSet) -> NDArray[np.int64]:
    """The image of numbers of a set: those at the end of labels if all have one, else 1, 2, ...

    Raises
    ------
    ValueError
        If regions overlap.
    """
    if (rois.masks.sum(axis=0) > 1).any():
        raise ValueError("`rois`: expected regions that do not overlap")
    ends = [label.rpartition("_")[2] for label in rois.labels]
    numbers = [int(end) if end.isdigit() else 0 for end in ends]
    if min(numbers) < 1 or len(set(numbers)) < len(numbers):
        numbers = list(range(1, len(rois) + 1))
    image = np.zeros(rois.shape, np.int64)
    for number, mask in zip(numbers, rois.masks, strict=True):
        image[mask] = number
    return image


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
    rows, columns = _shape(shape)
    if not grid_size_pixels > 0 or grid_size_pixels != int(grid_size_pixels):
        raise ValueError(f"`grid_size_pixels`: expected a whole number from 1 on, found {grid_size_pixels!r}")
    size = int(grid_size_pixels)
    masks = []
    for top in range(0, rows, size):
        for left in range(0, columns, size):
            mask = np.zeros((rows, columns), bool)
            mask[top : top + size, left : left + size] = True
            masks.append(mask)
    return _within(masks, region_mask, label_prefix)


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


def _within(masks: Sequence[Masks], region: NDArray[Any] | None, prefix: str) -> RoiSet:
    """The masks whose centre lies in a region, numbered anew."""
    kept = list(masks)
    if region is not None:
        inside = np.asarray(region).astype(bool)
        if inside.shape != masks[0].shape or not inside.any():
            raise ValueError(f"`region_mask`: expected shape {masks[0].shape} with some pixels, found {inside.shape}")
        centres = [np.rint(np.argwhere(mask).mean(axis=0)).astype(int) for mask in masks]
        kept = [mask for mask, (row, column) in zip(masks, centres, strict=True) if inside[row, column]]
        if not kept:
            raise ValueError("`region_mask`: no region has its centre in it")
    return RoiSet(np.stack(kept), tuple(f"{prefix}_{number:04d}" for number in range(1, len(kept) + 1)))


def save_roi_set(
    rois: RoiSet, path: str | os.PathLike[str], *, generation_metadata: Mapping[str, Any] | None = None
) -> Path:
    """Write a set of regions as HDF5; the file appears whole or not at all.

    Parameters
    ----------
    rois : RoiSet
    path : path
    generation_metadata : mapping, optional
        How they were made; kept as attributes.
    """
    import h5py

    place = Path(path).expanduser()
    place.parent.mkdir(parents=True, exist_ok=True)
    with replacing(place) as file, written(file) as h5:
        h5.attrs["twopy_format"] = FORMAT
        h5.attrs["spatial_orientation"] = ORIENTATION
        masks = h5.create_dataset("masks", data=rois.masks, compression="gzip", shuffle=True)
        masks.attrs["spatial_orientation"] = ORIENTATION
        h5.create_dataset("labels", data=list(rois.labels), dtype=h5py.string_dtype("utf-8"))
        if generation_metadata is not None:
            group = h5.create_group("roi_generation")
            group.attrs["schema_version"] = SCHEMA
            for name, value in generation_metadata.items():
                group.attrs[name] = value
    return place


def load_roi_set(path: str | os.PathLike[str]) -> RoiSet:
    """Read a set of regions that `save_roi_set` wrote.

    Raises
    ------
    FormatError
        If the file is something else or damaged.
    OSError
        If it cannot be read.
    """
    place = Path(path).expanduser()
    with opened(place, "a set of regions") as h5:
        kind, orientation = h5.attrs.get("twopy_format"), h5.attrs.get("spatial_orientation")
        masks, labels = h5["masks"][()], [label.decode("utf-8") for label in h5["labels"][()]]
    if kind != FORMAT or orientation != ORIENTATION:
        raise FormatError(f"{place}: expected format {FORMAT!r} in {ORIENTATION!r}, found {kind!r} in {orientation!r}")
    try:
        return make_roi_set(masks, labels=labels)
    except ValueError as error:
        raise FormatError(f"{place}: {error}") from error
