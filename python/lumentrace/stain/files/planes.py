"""One plane of any image that `open_image` reads, by the name of its channel."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base import mapping
from lumentrace.base.errors import FormatError
from lumentrace.data.lazy_image import LazyImage
from lumentrace.engine.progress import reporter
from lumentrace.storage import open_image

IN_MEMORY = 2**28
"""Bytes of an image beyond which it is put on disk."""

Path_ = str | os.PathLike[str]


def is_tiff(path: Path_) -> bool:
    """Whether a file begins as TIFF files do; one that is missing does not."""
    if not Path(path).is_file():
        return False
    with open(path, "rb") as file:
        return file.read(2) in (b"II", b"MM")


@contextmanager
def opened_plane(path: Path_, channel: int | str | None = None) -> Iterator[LazyImage]:
    """Open the rows and columns of one channel.

    Parameters
    ----------
    path : path
    channel : int or str, optional
        By number from 0 or name; has to be given for an image of several.

    Raises
    ------
    ValueError
        If there is no such channel, or there are several and none is given.
    FormatError
        If the image is damaged, or has time points or slices.
    """
    with open_image(path) as whole:
        image = whole if channel is None else whole.channel(channel)
        single = {axis: 0 for axis, length in zip(image.axes, image.shape, strict=True) if length == 1}
        plane = image.select(**{axis: place for axis, place in single.items() if axis not in "YX"})
        if plane.channel_axis is not None:
            names = ", ".join(plane.channel_names) or f"0 to {plane.shape[plane.channel_axis] - 1}"
            raise ValueError(f"`channel`: expected one of {names} of {path}, found none")
        if plane.axes != "YX":
            found = ", ".join(f"{axis} {length}" for axis, length in zip(image.axes, image.shape, strict=True))
            raise FormatError(f"{path}: expected an image of rows and columns, found {found}")
        yield plane


def read_plane(path: Path_, channel: int | str | None = None) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Pixels of one channel, and what it is called; raises as `opened_plane` does."""
    with opened_plane(path, channel) as plane:
        shape = plane.shape[0], plane.shape[1]
        whole = room(shape, plane.dtype)
        for part, pixels in plane.blocks():
            whole[part["Y"], part["X"]] = pixels
            mapping.release(whole)
            tell_rows(part["Y"].stop, shape)
        names = plane.channel_names if isinstance(channel, str) else ()
        return whole, names or ("gray" if channel is None else f"ch{channel}",)


def room(shape: tuple[int, int], dtype: np.dtype[Any]) -> NDArray[Any]:
    """An image of zeros; a large one in a file that goes when it is no longer used."""
    if shape[0] * shape[1] * dtype.itemsize <= IN_MEMORY:
        return np.zeros(shape, dtype)
    with tempfile.TemporaryFile(prefix="lumentrace-") as file:
        return np.memmap(file, dtype, "w+", shape=shape)


def tell_rows(rows: int, shape: tuple[int, int]) -> None:
    """Tell how much of an image is read."""
    tell = reporter()
    if tell is not None:
        tell(100 * rows // shape[0])
