"""Regions of interest: sets of masks, grids, and files that keep them."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from copy import copy
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.checks import LARGEST_LABEL
from lumentrace.base.digits import number_of
from lumentrace.base.errors import FormatError
from lumentrace.base.files import replacing
from lumentrace.base.masked import unmasked
from lumentrace.base.provenance import Provenance
from lumentrace.storage.hdf5 import opened, written
from lumentrace.twophoton.history import read_history, write_history

ORIENTATION = "matlab_display"
FORMAT = "twopy-roi-set"
SCHEMA = 1
BLOCK_BYTES = 1 << 25
"""Masks that are held at a time when they are read or written."""
MOST_PIXELS = 1 << 28
"""Of the frame of a file of masks: one mask of it takes 256 MB."""

Masks = NDArray[np.bool_]
Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
WEIGHTS = "lumentrace_weights"
"""Of the pixels of regions in HDF5 files, region by region; files of plain masks have none."""


class RoiSet:
    """Regions of a recording, on the whole frame; they may overlap.

    Only their pixels are held, however large the frame is.

    Parameters
    ----------
    masks : ndarray of bool
        (regions, rows, columns)
    labels : sequence of str

    Attributes
    ----------
    masks : ndarray of bool
        (regions, rows, columns), made at first use.
    labels : tuple of str
    shape : tuple of int
        Rows and columns of the frame.
    starts, pixels : ndarray of int
        Pixels of region k, counted row by row, are ``pixels[starts[k]:starts[k + 1]]``, in ascending order.
    weights : ndarray or None
        How strongly each of `pixels` belongs to its region, above 0: footprints of cells that were found. None for
        plain masks.
    provenance : Provenance
        How they were found; without steps if that is not known.
    """

    shape: tuple[int, int]
    labels: tuple[str, ...]
    starts: Integers
    pixels: Integers
    weights: Floats | None
    provenance: Provenance

    def __init__(self, masks: Masks, labels: Sequence[str]) -> None:
        found = np.asarray(masks, dtype=bool)
        self._fill((found.shape[1], found.shape[2]), [np.flatnonzero(mask) for mask in found], labels)

    @classmethod
    def from_pixels(
        cls,
        shape: tuple[int, int],
        pixels: Sequence[Integers],
        labels: Sequence[str],
        weights: Sequence[Floats] | None = None,
    ) -> RoiSet:
        """Regions from the numbers of their pixels, counted row by row, in ascending order; and weights of these."""
        self = cls.__new__(cls)
        self._fill(shape, pixels, labels)
        if weights is not None:
            self.weights = np.concatenate([*weights, np.empty(0)])
        return self

    def _fill(self, shape: tuple[int, int], pixels: Sequence[Integers], labels: Sequence[str]) -> None:
        self.shape, self.labels, self.weights, self.provenance = shape, tuple(labels), None, Provenance()
        self.starts = np.concatenate([[0], np.cumsum([own.size for own in pixels], dtype=np.int64)])
        self.pixels = np.concatenate([*pixels, np.empty(0, np.int64)])

    def with_provenance(self, history: Provenance) -> RoiSet:
        """The same regions with another history."""
        found = copy(self)
        found.provenance = history
        return found

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return f"RoiSet({len(self)} regions of a frame of {self.shape[0]} x {self.shape[1]})"

    def region(self, number: int) -> Integers:
        """Pixels of one region, counted row by row."""
        return self.pixels[self.starts[number] : self.starts[number + 1]]

    def regions(self) -> list[Integers]:
        """Pixels of each region, counted row by row."""
        return [self.region(number) for number in range(len(self))]

    def footprints(self) -> list[Floats]:
        """Weights of the pixels of each region; 1 for plain masks."""
        weights = np.ones(self.pixels.size) if self.weights is None else self.weights
        return [weights[start:stop] for start, stop in pairwise(self.starts.tolist())]

    @cached_property
    def masks(self) -> Masks:
        """(regions, rows, columns)."""
        return self.masks_of(0, len(self))

    def masks_of(self, start: int, stop: int) -> Masks:
        """Masks of some regions (stop - start, rows, columns)."""
        found = np.zeros((stop - start, self.shape[0] * self.shape[1]), bool)
        for place, number in enumerate(range(start, stop)):
            found[place, self.region(number)] = True
        return found.reshape(stop - start, *self.shape)


@unmasked
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
    names = [f"roi_{number:04d}" for number in range(1, len(found) + 1)] if labels is None else list(map(str, labels))
    return RoiSet(found, checked_labels(names, len(found)))


@unmasked
def make_roi_set_from_label_image(
    label_image: NDArray[Any], labels: Sequence[str] | None = None, label_prefix: str = "roi"
) -> RoiSet:
    """A set of regions from an image of numbers: 0 is none, each other number a region, in ascending order.

    Raises
    ------
    ValueError
        If the image is no plane of whole numbers from 0 to 2⁵³, or has no region.

    Warns
    -----
    UserWarning
        If there are pixels that are NaN; they are in no region.
    """
    image = np.asarray(label_image, dtype=np.float64)
    if image.ndim != 2:
        raise ValueError(f"`label_image`: expected shape (rows, columns), found {image.shape}")
    unknown = np.isnan(image)
    if unknown.any():
        told = f"`label_image`: {np.count_nonzero(unknown):,} of {image.size:,} pixels are NaN; they are in no region"
        warnings.warn(told, stacklevel=2)
        image = np.where(unknown, 0.0, image)
    if not ((image == np.rint(image)) & (image >= 0) & (image <= LARGEST_LABEL)).all():
        raise ValueError(f"`label_image`: expected whole numbers from 0 on, up to {LARGEST_LABEL}")
    values = [int(value) for value in np.unique(image) if value > 0]
    if not values:
        raise ValueError("`label_image`: expected a region at least, found 0 everywhere")
    names = [f"{label_prefix}_{value:04d}" for value in values] if labels is None else list(map(str, labels))
    return RoiSet.from_pixels(_frame(image), label_pixels(image), checked_labels(names, len(values)))


def label_pixels(label_image: NDArray[Any]) -> list[Integers]:
    """Pixels of each number above 0 of an image, counted row by row, in ascending order of the number."""
    flat = label_image.ravel()
    order = np.argsort(flat, kind="stable")
    ordered = flat[order]
    first = int(np.searchsorted(ordered, 0, side="right"))
    edges = np.flatnonzero(np.diff(ordered[first:])) + 1
    return np.split(order[first:], edges) if first < len(order) else []


def _frame(image: NDArray[Any]) -> tuple[int, int]:
    return int(image.shape[0]), int(image.shape[1])


def checked_labels(names: Sequence[str], count: int) -> tuple[str, ...]:
    """Labels of so many regions; ValueError unless they fit and each is there once."""
    if len(names) != count:
        raise ValueError(f"`labels`: expected {count}, found {len(names)}")
    twice = sorted(name for name, times in Counter(names).items() if times > 1)
    if twice:
        raise ValueError(f"`labels`: expected each once, found {', '.join(twice)} more often")
    return tuple(names)


def roi_set_to_label_image(rois: RoiSet, *, overlap: Literal["error", "strongest"] = "error") -> NDArray[np.int64]:
    """The image of numbers of a set: those at the end of labels if all have one, else 1, 2, ...

    Parameters
    ----------
    rois : RoiSet
    overlap : {'error', 'strongest'}, default 'error'
        What pixels of several regions do: 'strongest' gives them to the one with the greatest weight there.

    Raises
    ------
    ValueError
        If regions overlap, and have no weights or 'error' is asked for; or if one has no pixel of its own left.
    """
    numbers, weights = np.array(label_numbers(rois)), rois.weights
    owners = np.repeat(np.arange(len(rois)), np.diff(rois.starts))
    order: NDArray[Any] = np.arange(rois.pixels.size)
    if np.unique(rois.pixels).size < rois.pixels.size:
        if overlap == "error" or weights is None:
            raise ValueError("`rois`: expected regions that do not overlap")
        order = np.argsort(weights, kind="stable")
    image = np.zeros(rois.shape[0] * rois.shape[1], np.int64)
    image[rois.pixels[order]] = numbers[owners[order]]
    hidden = ~np.isin(numbers, image) & (np.diff(rois.starts) > 0)
    if hidden.any():
        names = [label for label, gone in zip(rois.labels, hidden, strict=True) if gone]
        raise ValueError(f"`rois`: expected regions with pixels of their own, found others over all of {names}")
    return image.reshape(rois.shape)


def label_numbers(rois: RoiSet) -> list[int]:
    """The number of each region in its label image."""
    numbers = [number_of(label.rpartition("_")[2]) or 0 for label in rois.labels]
    if not numbers or min(numbers) < 1 or len(set(numbers)) < len(numbers):
        return list(range(1, len(rois) + 1))
    return numbers


def within(pixels: Sequence[Integers], shape: tuple[int, int], region: NDArray[Any] | None, prefix: str) -> RoiSet:
    """The regions whose centre lies in a mask, numbered anew."""
    kept = list(pixels)
    if region is not None:
        inside = np.asarray(region).astype(bool)
        if inside.shape != shape or not inside.any():
            raise ValueError(f"`region_mask`: expected shape {shape} with some pixels, found {inside.shape}")
        kept = [own for own in pixels if inside[_centre(own, shape[1])]]
        if not kept:
            raise ValueError("`region_mask`: no region has its centre in it")
    return RoiSet.from_pixels(shape, kept, [f"{prefix}_{number:04d}" for number in range(1, len(kept) + 1)])


def _centre(pixels: Integers, columns: int) -> tuple[int, int]:
    return int(np.rint((pixels // columns).mean())), int(np.rint((pixels % columns).mean()))


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

    Raises
    ------
    ValueError
        If there is no region.
    """
    import h5py

    if not len(rois):
        raise ValueError("`rois`: expected a region at least, found none")

    place = Path(path).expanduser()
    place.parent.mkdir(parents=True, exist_ok=True)
    with replacing(place) as file, written(file) as h5:
        h5.attrs["twopy_format"] = FORMAT
        h5.attrs["spatial_orientation"] = ORIENTATION
        write_masks(h5, rois)
        h5.create_dataset("labels", data=list(rois.labels), dtype=h5py.string_dtype("utf-8"))
        write_history(h5, rois.provenance)
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
        rois = read_masks(h5).with_provenance(read_history(h5, {"path": str(place)}))
    if kind != FORMAT or orientation != ORIENTATION:
        raise FormatError(f"{place}: expected format {FORMAT!r} in {ORIENTATION!r}, found {kind!r} in {orientation!r}")
    return rois


def write_masks(group: Any, rois: RoiSet) -> None:
    """Write masks into a group of an HDF5 file, some at a time."""
    step = max(1, BLOCK_BYTES // (rois.shape[0] * rois.shape[1]))
    chunks = (1, *rois.shape)
    masks = group.create_dataset("masks", (len(rois), *rois.shape), bool, chunks=chunks, compression="gzip")
    masks.attrs["spatial_orientation"] = ORIENTATION
    for start in range(0, len(rois), step):
        stop = min(start + step, len(rois))
        masks[start:stop] = rois.masks_of(start, stop)
    if rois.weights is not None:
        group.create_dataset(WEIGHTS, data=rois.weights, compression="gzip")


def read_masks(group: Any) -> RoiSet:
    """Masks and labels of a group of an HDF5 file, some at a time; ValueError if they do not fit each other."""
    masks, labels = group["masks"], [label.decode("utf-8") for label in group["labels"][()]]
    if masks.ndim != 3 or not len(masks):
        raise ValueError(f"expected masks (regions, rows, columns), found {masks.shape}")
    if masks.shape[1] * masks.shape[2] > MOST_PIXELS:
        raise ValueError(f"expected frames of at most {MOST_PIXELS:,} pixels, found {masks.shape[1:]}")
    step = max(1, BLOCK_BYTES // (masks.shape[1] * masks.shape[2]))
    pixels = [
        np.flatnonzero(mask)
        for start in range(0, len(masks), step)
        for mask in masks[start : start + step].astype(bool)
    ]
    if not all(own.size for own in pixels):
        raise ValueError("expected pixels in every region, found a region without")
    found = RoiSet.from_pixels(masks.shape[1:], pixels, checked_labels(labels, len(masks)))
    found.weights = _weights(group, found.pixels.size)
    return found


def _weights(group: Any, count: int) -> Floats | None:
    """Weights of so many pixels in a group of an HDF5 file, if there are any; ValueError if they do not fit."""
    if WEIGHTS not in group:
        return None
    data = group[WEIGHTS]
    if data.shape != (count,) or data.dtype.kind != "f":
        raise ValueError(f"expected {count:,} weights of pixels in {WEIGHTS}, found {data.dtype} of {data.shape}")
    weights = np.asarray(data[()], np.float64)
    if not (np.isfinite(weights) & (weights > 0)).all():
        raise ValueError(f"expected positive weights of pixels in {WEIGHTS}, found others")
    return weights
