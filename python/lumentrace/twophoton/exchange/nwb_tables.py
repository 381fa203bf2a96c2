"""Regions and epochs from NWB files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.digits import number_of
from lumentrace.base.errors import FormatError, did_you_mean
from lumentrace.base.polars import pl
from lumentrace.base.provenance import Provenance
from lumentrace.storage.hdf5 import opened
from lumentrace.twophoton.read.nwb import columns, member, named, numbers, texts, typed
from lumentrace.twophoton.regions.rois import MOST_PIXELS, RoiSet, checked_labels

Path_ = str | os.PathLike[str]
Integers = NDArray[np.int64]

SEGMENTATION = "PlaneSegmentation"
INTERVALS = ("TimeIntervals",)
LABELS = ("roi_label", "roi_name")
IMAGES = ("TwoPhotonSeries", "GrayscaleImage")
NUMBER, NAME = "epoch_number", "epoch_name"


def load_nwb_rois(path: Path_, name: str | None = None, *, shape: tuple[int, int] | None = None) -> RoiSet:
    """Regions of an NWB file: a ``PlaneSegmentation`` with images or lists of pixels.

    Pixels with a weight above 0 are in a region. Files have x (columns) first and y (rows) second.

    Parameters
    ----------
    path : path
    name : str, optional
        Of the segmentation, if there are several.
    shape : tuple of int, optional
        (rows, columns) of the frame, which lists of pixels do not say; by default that of the movie or of the images
        in the file, if it is the same for all.

    Returns
    -------
    RoiSet
        Labels are those of the column ``roi_label`` or ``roi_name``, or ``roi_`` and the number of the row's ``id``.

    Raises
    ------
    FormatError
        If the file is damaged, or has no regions, or one without pixels or outside of the frame; if there are several
        segmentations and none is named, or the shape is not known.
    OSError
        If it cannot be read.

    Examples
    --------
    >>> from lumentrace import twophoton
    >>> twophoton.load_nwb_rois("fly5.nwb").labels  # doctest: +SKIP
    ('roi_0001', 'roi_0002')
    """
    place = Path(path).expanduser()
    with opened(place, "an NWB file") as file:
        found = named(place, "name", typed(place, file, SEGMENTATION), name, f"regions as {SEGMENTATION}")
        if "image_mask" in found:
            frame, pixels = _of_images(place, member(place, found, "image_mask"))
        else:
            frame = _frame(place, file) if shape is None else shape
            pixels = _of_lists(place, found, frame)
        labels = _labels(place, found, len(pixels))
    empty = [label for label, own in zip(labels, pixels, strict=True) if not own.size]
    if empty or not pixels:
        raise FormatError(f"{place}: expected regions with pixels, found none in {', '.join(empty[:10]) or 'the file'}")
    return RoiSet.from_pixels(frame, pixels, labels).with_provenance(Provenance({"path": str(place)}))


def _of_images(path: Path, masks: Any) -> tuple[tuple[int, int], list[Integers]]:
    """Pixels of images (regions, x, y), read one by one."""
    if masks.ndim != 3 or masks.dtype.kind not in "buif" or masks.shape[1] * masks.shape[2] > MOST_PIXELS:
        raise FormatError(
            f"{path}: {masks.name}: expected masks (regions, x, y) of at most {MOST_PIXELS:,} pixels, found "
            f"{masks.dtype} of {masks.shape}"
        )
    pixels = [np.flatnonzero(np.asarray(masks[number]).T > 0) for number in range(masks.shape[0])]
    return (int(masks.shape[2]), int(masks.shape[1])), pixels


def _of_lists(path: Path, table: Any, frame: tuple[int, int]) -> list[Integers]:
    """Pixels of lists of x, y and weight, one after the other; the index says where each ends."""
    mask = member(path, table, "pixel_mask")
    if mask.dtype.names is None or not {"x", "y", "weight"} <= set(mask.dtype.names) or mask.ndim != 1:
        raise FormatError(f"{path}: {mask.name}: expected x, y and weight of pixels, found {mask.dtype}")
    ends = numbers(path, table, "pixel_mask_index").astype(np.int64)
    listed = mask[()]
    if (np.diff(ends, prepend=0) < 0).any() or (ends[-1:] != len(listed)).any():
        raise FormatError(f"{path}: {mask.name}: expected ends of regions up to {len(listed)}, found others")
    x, y = (listed[axis].astype(np.int64) for axis in ("x", "y"))
    if ((x < 0) | (y < 0) | (x >= frame[1]) | (y >= frame[0])).any():
        raise FormatError(f"{path}: {mask.name}: expected pixels of a frame of {frame[0]} x {frame[1]}, found others")
    flat = np.where(listed["weight"] > 0, y * frame[1] + x, -1)
    return [np.unique(own[own >= 0]) for own in np.split(flat, ends[:-1])] if len(ends) else []


def _frame(path: Path, file: Any) -> tuple[int, int]:
    """Rows and columns of the movies and images of a file."""
    found: set[tuple[int, int]] = set()
    for each in typed(path, file, *IMAGES).values():
        shape: Sequence[int] = each.shape if hasattr(each, "shape") else getattr(each.get("data"), "shape", ())[1:]
        if len(shape) >= 2:
            found.add((int(shape[1]), int(shape[0])))
    if len(found) != 1:
        sizes = ", ".join(f"{rows} x {columns}" for rows, columns in sorted(found)) or "none"
        raise FormatError(f"`shape`: expected the rows and columns of the frame, {path} says {sizes}")
    return found.pop()


def _labels(path: Path, table: Any, count: int) -> Sequence[str]:
    column = next((name for name in LABELS if name in table), None)
    names = texts(path, table, "id" if column is None else column)
    if column is None:
        numbers = map(number_of, names)
        names = [
            f"roi_{name}" if number is None else f"roi_{number:04d}"
            for name, number in zip(names, numbers, strict=True)
        ]
    try:
        return checked_labels(names, count)
    except ValueError as error:
        raise FormatError(f"{path}: {table.name}: {error}") from error


def load_nwb_epochs(
    path: Path_,
    intervals: str | None = None,
    *,
    name_column: str = NAME,
    number_column: str | None = None,
    start_s: float = 0.0,
) -> pl.DataFrame:
    """The epochs of a stimulus from intervals of an NWB file, as `convert_acquisition` takes them.

    Parameters
    ----------
    path : path
    intervals : str, optional
        Which, if there are several: ``trials``, ``epochs`` or another name below ``intervals``.
    name_column : str, default "epoch_name"
        The column that tells one stimulus from another.
    number_column : str, optional
        Their numbers; by default ``epoch_number`` if there is such a column, else they are counted from 1 on in the
        order in which names come first.
    start_s : float, default 0
        When the first frame was taken, in seconds of the session.

    Returns
    -------
    polars.DataFrame
        ``start_s``, ``stop_s`` (seconds from the first frame), ``epoch_number``, ``epoch_name``.

    Raises
    ------
    FormatError
        If the file is damaged or has no intervals; if there are several and none is named, or a column is missing.
    OSError
        If it cannot be read.

    Examples
    --------
    >>> from lumentrace import twophoton
    >>> twophoton.load_nwb_epochs("fly5.nwb", name_column="stimulus_type")  # doctest: +SKIP
    """
    place = Path(path).expanduser()
    with opened(place, "an NWB file") as file:
        table = named(place, "intervals", typed(place, file, *INTERVALS), intervals, "intervals of time")
        return pl.DataFrame(epoch_columns(place, table, start_s, name_column, number_column))


def epoch_columns(
    path: Path, table: Any, start_s: float, name_column: str = NAME, number_column: str | None = None
) -> dict[str, Any]:
    """Columns of a table of epochs, by their names.

    Raises
    ------
    FormatError
        If the file has no such column, or it holds something else than it should.
    """
    there = columns(table)
    asked = {"name_column": name_column} | ({} if number_column is None else {"number_column": number_column})
    for argument, name in asked.items():
        if name not in there:
            raise FormatError(
                f"`{argument}`: expected one of {', '.join(there)} of {table.name} in {path}, found "
                f"{name!r}{did_you_mean(name, there)}"
            )
    names = texts(path, table, name_column)
    if number_column is None and NUMBER in there:
        number_column = NUMBER
    first = {name: place for place, name in enumerate(dict.fromkeys(names), 1)}
    counted = np.array([first[name] for name in names], np.float64)
    start, stop = (numbers(path, table, name) - start_s for name in ("start_time", "stop_time"))
    found = {
        "start_s": start,
        "stop_s": stop,
        NUMBER: counted if number_column is None else numbers(path, table, number_column),
    }
    if any(len(column) != len(names) for column in found.values()):
        raise FormatError(f"{path}: {table.name}: expected {len(names)} values in each column, found others")
    return {name: column.tolist() for name, column in found.items()} | {NAME: names}
