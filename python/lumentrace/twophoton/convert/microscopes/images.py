"""Films that the door of images opens: TIFF, OME-TIFF, OME-Zarr, CZI, LIF, ND2 and others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from lumentrace.base.errors import FormatError
from lumentrace.data.lazy_image import LazyImage
from lumentrace.storage import open_image
from lumentrace.twophoton.convert.microscopes.acquisition import Acquisition

KIND = "film"


def open_film(path: Path) -> Acquisition:
    """Open an image as a film: along T, or along the only long axis that is neither of channels nor in the plane.

    Raises
    ------
    FormatError
        If the file is damaged, or it is not clear which axis is that of time.
    OSError
        If it cannot be read.
    """
    image = open_image(path)
    try:
        film = _film(path, image)
    except BaseException:
        image.close()
        raise
    times = np.asarray(film.times, np.float64)
    planes = film.shape[film.axes.index("Z")] if "Z" in film.axes else 1
    known = len(times) > 1 and bool((np.diff(times) > 0).all())
    spread = np.repeat((times - times[0])[:, None], planes, axis=1) if known else np.zeros((0, planes))
    return Acquisition(path, KIND, film, spread)


def _film(path: Path, image: LazyImage) -> LazyImage:
    """The image with an axis T, and no others than C, Z, Y and X."""
    said = f"{path}: expected frames of rows and columns, with channels and planes, found axes {image.axes}"
    if set("CS") <= set(image.axes) or "Y" not in image.axes or "X" not in image.axes or image.dtype.kind not in "uif":
        raise FormatError(f"{said} of {image.shape}, {image.dtype}")
    others = [axis for axis in image.axes if axis not in "TCSYX"]
    short = {axis: 0 for axis in image.axes if axis in others and image.shape[image.axes.index(axis)] == 1}
    long = [axis for axis in others if axis not in short]
    if short:
        image = image.select(**short)
    if "T" not in image.axes and len(long) == 1:
        image = replace(image, names=image.names.replace(long.pop(), "T"))
    if "T" not in image.axes or not set(long) <= {"Z"}:
        raise FormatError(f"{said} of {image.shape}; `lumentrace convert --axes` writes a copy with others")
    return replace(image, names=image.names.replace("S", "C"))
