"""Regions as an image of numbers in a TIFF file, which any program for images reads and writes."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from lumentrace.base.errors import FormatError
from lumentrace.base.provenance import Provenance
from lumentrace.storage.sink import replaced_through_sink
from lumentrace.storage.tiff import read_tiff
from lumentrace.twophoton.regions.rois import RoiSet, make_roi_set_from_label_image, roi_set_to_label_image


def save_roi_labels(rois: RoiSet, path: str | os.PathLike[str]) -> Path:
    """Write regions as a label image: 0 is none, each other number a region; the file appears whole or not at all.

    Parameters
    ----------
    rois : RoiSet
        They must not overlap. Numbers are those at the end of labels if all have one, else 1, 2, ...; what else labels
        say is not kept: `save_roi_set` keeps it.
    path : path
        The file has unsigned whole numbers of 16 bits, of 32 if there are numbers from 65536 on.

    Returns
    -------
    path

    Raises
    ------
    ValueError
        If regions overlap, or a number is too large.

    Examples
    --------
    >>> import tempfile
    >>> from lumentrace import twophoton
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = twophoton.save_roi_labels(twophoton.grid_roi_set((4, 6), grid_size_pixels=3), f"{folder}/rois.tif")
    ...     twophoton.load_roi_labels(path, label_prefix="grid").labels
    ('grid_0001', 'grid_0002', 'grid_0003', 'grid_0004')
    """
    import tifffile

    image = roi_set_to_label_image(rois)
    kind = next((kind for kind in ("uint16", "uint32") if image.max() <= np.iinfo(kind).max), None)
    if kind is None:
        raise ValueError(f"`rois`: expected numbers of labels that fit 32 bits, found {image.max()}")
    place = Path(path).expanduser()
    place.parent.mkdir(parents=True, exist_ok=True)
    with replaced_through_sink(place) as file:
        tifffile.imwrite(file, image.astype(kind), compression="zlib", metadata={"axes": "YX"})
    return place


def load_roi_labels(
    path: str | os.PathLike[str], *, shape: tuple[int, int] | None = None, label_prefix: str = "roi"
) -> RoiSet:
    """Read regions from a label image, as Fiji, Cellpose, napari or `save_roi_labels` write it.

    Parameters
    ----------
    path : path
    shape : tuple of int, optional
        (rows, columns) that the image must have, those of the recording.
    label_prefix : str, default 'roi'
        Region 7 gets the label ``roi_0007``.

    Raises
    ------
    FormatError
        If the file is damaged, or holds no plane of whole numbers from 0 on with a region, or has another shape.
    OSError
        If it cannot be read.
    """
    place = Path(path).expanduser()
    image = np.squeeze(read_tiff(place).pixels)
    if image.ndim != 2:
        raise FormatError(f"{place}: expected one plane of labels, found shape {image.shape}")
    if shape is not None and image.shape != tuple(shape):
        raise FormatError(f"{place}: expected labels of a frame of {tuple(shape)}, found {image.shape}")
    try:
        found = make_roi_set_from_label_image(image, label_prefix=label_prefix)
    except ValueError as error:
        raise FormatError(f"{place}: {error}") from error
    return found.with_provenance(Provenance({"path": str(place), "bytes": place.stat().st_size}))
