"""Images for other programs: OME-TIFF and OME-Zarr."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.masked import unmasked
from lumentrace.data.lazy_image import PIECE, LazyImage
from lumentrace.storage.images.ome import Described, described
from lumentrace.storage.images.xarray_image import image_of
from lumentrace.storage.images.zarr_writer import Version, write_zarr
from lumentrace.storage.tile_layout import TILE
from lumentrace.storage.tiled import tiled_tiff

TIFF = (".tif", ".tiff")
TYPES = ("uint8", "uint16", "uint32", "int8", "int16", "int32", "float32", "float64")
"""Types of pixels that OME-TIFF and OME-Zarr share."""


@unmasked
def write_image(
    path: str | os.PathLike[str],
    image: LazyImage | Any,
    *,
    axes: str | None = None,
    channels: Sequence[str] = (),
    colours: Sequence[str] = (),
    spacing: Mapping[str, float] | None = None,
    times: Sequence[float] = (),
    name: str = "",
    labels: bool = False,
    version: Version = "0.5",
) -> Path:
    """Write an image as OME-TIFF or OME-Zarr, compressed, in tiles and with smaller copies.

    Images larger than memory are written piece by piece. The file appears whole or not at all.

    Parameters
    ----------
    path : path
        Ends with ``.tif`` or ``.tiff`` for OME-TIFF, with ``.zarr`` for OME-Zarr.
    image : LazyImage or array
        From `open_image`, or an array, whose axes have to be given if it has more than two.
    axes : str, optional
        A letter for each axis of an array, some of TCZ and then YX.
    channels, colours : sequence of str, optional
        Names, and colours such as ``#00ff00``; in place of those of the image.
    spacing : dict, optional
        Micrometres from pixel to pixel along X, Y and Z; in place of those of the image.
    times : sequence of float, optional
        Seconds of the time points.
    name : str, optional
    labels : bool, default False
        Whether pixels are labels, of which smaller copies take one of each square and no means.
    version : {'0.5', '0.4'}
        Of OME-Zarr: 0.5 is kept by Zarr 3, 0.4 by Zarr 2, which older programs read.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        If the name ends otherwise, for axes or pixels that these files do not have, and for lists of another length.
    OSError
        If it cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from lumentrace.storage import open_image, write_image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_image(f"{folder}/a.ome.tif", np.zeros((2, 40, 50), "uint16"), axes="CYX", channels=("a", "b"),
    ...                        spacing={"X": 0.25, "Y": 0.25})
    ...     with open_image(path) as found:
    ...         found.channel_names, found.spacing
    (('a', 'b'), {'X': 0.25, 'Y': 0.25})
    """
    place = Path(path).expanduser()
    whole = image if isinstance(image, LazyImage) else image_of("image", image, axes, channels)
    known = _known(whole, channels, colours, spacing, times, name or place.name.split(".")[0])
    if place.suffix.lower() == ".zarr":
        if version not in ("0.4", "0.5"):
            raise ValueError(f"`version`: expected '0.4' or '0.5', found {version!r}")
        write_zarr(place, whole, known, labels, version)
    elif place.suffix.lower() in TIFF:
        _write_tiff(place, whole, known, labels)
    else:
        raise ValueError(f"`path`: expected a name that ends with .tif, .tiff or .zarr, found {place.name!r}")
    return place


def _known(
    image: LazyImage,
    channels: Sequence[str],
    colours: Sequence[str],
    spacing: Mapping[str, float] | None,
    times: Sequence[float],
    name: str,
) -> Described:
    """What is known about the image, and what the user says."""
    found = described(image)
    for stated, values, axis in (("channels", channels, "C"), ("colours", colours, "C"), ("times", times, "T")):
        if values and len(values) != found.lengths.get(axis, 1):
            raise ValueError(f"`{stated}`: expected {found.lengths.get(axis, 1)}, found {len(values)}")
    for axis, size in (spacing or {}).items():
        if axis not in "XYZ" or not 0 < size < np.inf:
            raise ValueError(f"`spacing`: expected micrometres above 0 along X, Y and Z, found {size} along {axis}")
    if found.dtype.name not in TYPES:
        raise ValueError(f"`image`: expected pixels of {', '.join(TYPES)}, found {found.dtype}")
    return replace(
        found,
        name=found.name or name,
        channels=tuple(channels) or found.channels,
        colours=tuple(colours) or found.colours,
        spacing=found.spacing if spacing is None else dict(spacing),
        times=tuple(times) or found.times,
    )


def _write_tiff(path: Path, image: LazyImage, known: Described, labels: bool) -> None:
    leading = [axis for axis in image.axes if axis not in "YX"]
    with tiled_tiff(path, known, labels=labels) as tiff:
        for place in np.ndindex(*known.shape[:-2]):
            plane = image.select(**dict(zip(leading, map(int, place), strict=True)))
            for rows in _bands(plane):
                tiff.add(rows if plane.axes == "YX" else rows.T)


def _bands(plane: LazyImage) -> Iterator[NDArray[Any]]:
    """All rows of a plane, some at a time: whole tiles and whole chunks."""
    rows, chunk = plane.shape[plane.axes.index("Y")], plane.chunks[plane.axes.index("Y")]
    step = math.lcm(TILE, chunk)
    if step * (plane.nbytes // rows) > PIECE:
        step = TILE
    for first in range(0, rows, step):
        yield plane.read(Y=slice(first, first + step))
