"""A saved registration put to other images of the same pair."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.masked import unmasked
from lumentrace.stain.files.canvas import Canvas, written
from lumentrace.stain.files.images import read_raw
from lumentrace.stain.prepare.whole_image import bands
from lumentrace.stain.registration.register import plane
from lumentrace.stain.registration.result import Registration

Path_ = str | os.PathLike[str]


@unmasked
def apply_transform(
    image: NDArray[Any] | Path_, registration: Registration | Path_, out: Path_ | None = None
) -> NDArray[np.float32] | Path:
    """Show another channel of the pre-stain photograph on the grid of the post-stain image.

    Parameters
    ----------
    image : ndarray or path
        Of the same size as the pre-stain image that was registered.
    registration : Registration or path
        One that was saved as JSON, such as ``pipeline_output/registration.json`` of a task.
    out : path, optional
        Write a tiled OME-TIFF there, in little memory, instead of returning an array.

    Returns
    -------
    ndarray of float32 or path
        NaN where the image has nothing.

    Raises
    ------
    ValueError
        If the image has another size.
    FormatError
        If a file is something else.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import stain
    >>> moved = stain.Registration.identity((4, 5)).shifted(1, 0)
    >>> stain.apply_transform(np.arange(20, dtype=np.float32).reshape(4, 5), moved)[0]
    array([ 1.,  2.,  3.,  4., nan], dtype=float32)
    """
    map_ = registration if isinstance(registration, Registration) else Registration.load(registration)
    pixels = image if isinstance(image, np.ndarray) else read_raw(image).pixels
    if pixels.shape != map_.pre_shape:
        raise ValueError(f"`image`: expected {map_.pre_shape[0]} x {map_.pre_shape[1]} pixels, found {pixels.shape}")
    if pixels.dtype not in (np.uint8, np.uint16, np.uint32, np.float32):
        pixels = plane("image", pixels)
    height = map_.post_shape[0]
    if out is None:
        return map_.warp_rows(np.ascontiguousarray(pixels), 0, height)
    canvas = Canvas.around(0, map_.post_shape)
    with written(canvas, np.float32, np.nan, Path(out), None, Path(out).stem, "", None) as writer:
        for first, end in bands(height):
            writer.add(map_.warp_rows(pixels, first, end - first))
    return Path(out)
