"""One door for the images of all techniques."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lumentrace.base.errors import FormatError
from lumentrace.base.masked import unmasked
from lumentrace.data.lazy_image import LazyImage
from lumentrace.storage.images import bioio_image, mrc, tiff_image, zarr_image
from lumentrace.storage.images.xarray_image import image_of

ZARR = (".zarr", ".ome.zarr")
SUFFIXES = (*tiff_image.SUFFIXES, *mrc.SUFFIXES, *bioio_image.PLUGINS, *ZARR)
"""What names of images end with."""


@unmasked
def open_image(
    source: str | os.PathLike[str] | Any, *, axes: str | None = None, channels: Sequence[str] = (), number: int = 0
) -> LazyImage:
    """Open an image; pixels are read when they are asked for.

    TIFF, OME-TIFF, ImageJ-TIFF, BigTIFF, LSM, SVS, NDPI and other slides, OME-Zarr 0.4 and 0.5, MRC; CZI, LIF, ND2 and
    others through the plugins of bioio (``pip install "lumentrace[bioio]" bioio-czi``); arrays of numpy, Dask, Zarr and
    xarray, whose axes, channels, sizes of pixels and times are those of its coordinates.

    Parameters
    ----------
    source : path or array
    axes : str, optional
        A letter for each axis: T, C, Z, Y, X, S for the samples of colours. Has to be given for an array of more than
        two axes; takes the place of what a file says.
    channels : sequence of str, optional
        Names of the channels, in place of those of the file.
    number : int, default 0
        Which image, of a file with several.

    Returns
    -------
    LazyImage
        To be closed, or used in a ``with`` statement.

    Raises
    ------
    FormatError
        If the file is damaged, or of no kind that is known.
    ValueError
        If axes or channels do not fit the image.
    OSError
        If it cannot be read.
    ImportError
        If a package that reads it is not installed.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from lumentrace.storage import open_image, write_image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     image = open_image(np.zeros((2, 300, 200), "uint8"), axes="CYX", channels=("dna", "actin"))
    ...     _ = write_image(f"{folder}/cells.ome.zarr", image)
    ...     with open_image(f"{folder}/cells.ome.zarr") as found:
    ...         found.axes, found.channel_names, found.channel("actin").read(Y=slice(0, 10)).shape
    ('CYX', ('dna', 'actin'), (10, 200))
    """
    if not isinstance(source, (str, os.PathLike)):
        return image_of("source", source, axes, channels)
    path = Path(source)
    image = _open(path, number)
    try:
        return _renamed(path, image, axes, channels)
    except BaseException:
        image.close()
        raise


def _open(path: Path, number: int) -> LazyImage:
    if path.is_dir():
        if not zarr_image.is_zarr(path):
            raise FormatError(f"{path}: expected an image, found a folder that is no OME-Zarr")
        return zarr_image.open_zarr(path, number)
    if not path.exists():
        raise FileNotFoundError(2, "No such file or directory", str(path))
    if not path.is_file():
        raise OSError(f"{path}: expected a file, found a pipe or device")
    with path.open("rb") as file:
        head = file.read(mrc.HEADER)
    if head[:2] in (b"II", b"MM"):
        return tiff_image.open_tiff(path, number)
    if head[mrc.STAMP][:3] == b"MAP":
        return mrc.open_mrc(path)
    if path.suffix.lower() in bioio_image.PLUGINS:
        return bioio_image.open_bioio(path, number)
    size = path.stat().st_size
    raise FormatError(
        f"{path}: expected an image in TIFF, OME-Zarr, MRC, {', '.join(bioio_image.PLUGINS)}, found {size:,} bytes of "
        f"another kind ({head[:4]!r})"
    )


def _renamed(path: Path, image: LazyImage, axes: str | None, channels: Sequence[str]) -> LazyImage:
    """The image with axes and names of channels that were given."""
    if axes is not None:
        letters = axes.upper()
        if len(letters) != image.ndim or len(set(letters)) < len(letters):
            raise ValueError(f"`axes`: expected {image.ndim} letters for {path}, shape {image.shape}, found {axes!r}")
        image = replace(image, names=letters)
    place = image.channel_axis
    count = 1 if place is None else image.shape[place]
    if not channels and len(image.about.channels) in (0, count):
        return image
    if channels and len(channels) != count:
        raise ValueError(f"`channels`: expected {count} names for {path}, found {len(channels)}")
    return replace(image, about=replace(image.about, channels=tuple(channels), colours=()))
