"""A registration as a displacement field, as ITK, elastix and ANTs apply it."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from lumentrace.base.checks import whole
from lumentrace.base.files import replacing
from lumentrace.stain.registration.result import Registration

MILLIMETRE = 1000.0
"""In micrometres."""
STEP = 16
"""Pixels between vectors of a smooth map."""
PER_NODE = 32
"""Vectors from node to node of a local displacement, which is cubic between them."""
ROWS = 64
"""Rows of the field that are computed at a time."""


def save_field(
    registration: Registration,
    path: str | os.PathLike[str],
    *,
    spacing: tuple[float, float] | float | None = None,
    pre_spacing: tuple[float, float] | float | None = None,
    step: int | None = None,
) -> Path:
    """Write the map from post- to pre-stain positions as a vector image (MetaImage) for a displacement field transform.

    Any map can be written, local displacements and homographies too. Vectors lead from where a pixel of the
    post-stain image is to where it was in the pre-stain image, in mm; the centre of the first pixel of either image is
    the origin. Give the transform to the resampling of the pre-stain image onto the post-stain one.

    Parameters
    ----------
    registration : Registration
    path : path
        Ends with ``.mha``.
    spacing : float or (float, float), optional
        Micrometres from pixel to pixel of the post-stain image, (x, y). Without it a pixel counts as a millimetre, as
        in images that do not say their size.
    pre_spacing : float or (float, float), optional
        Those of the pre-stain image, if they differ.
    step : int, optional
        Pixels from vector to vector, at most. ITK interpolates in straight lines between them; left out, there are as
        many as it needs to be right to a hundredth of a pixel.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        If the name ends otherwise, or a number is out of range.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from lumentrace import stain
    >>> shifted = stain.Registration.identity((64, 64)).shifted(3, -2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = stain.save_field(shifted, f"{folder}/field.mha", spacing=0.5)
    ...     path.read_bytes().splitlines()[8:10]
    [b'ElementSpacing = 0.007875 0.007875', b'DimSize = 5 5']
    """
    place = Path(path)
    if place.suffix.lower() != ".mha":
        raise ValueError(f"`path`: expected a name that ends with .mha, found {place.name!r}")
    most = _usual_step(registration) if step is None else whole("step", step, 1)
    post = _millimetres("spacing", spacing)
    pre = post if pre_spacing is None else _millimetres("pre_spacing", pre_spacing)
    last = np.array(registration.post_shape[::-1]) - 1.0
    columns, rows = (int(number) for number in np.ceil(last / most) + 1)
    apart = last / (columns - 1, rows - 1)
    with replacing(place) as file:
        file.write(_header((columns, rows), post * apart))
        for first in range(0, rows, ROWS):
            y, x = np.mgrid[first : min(first + ROWS, rows), 0:columns]
            points = np.column_stack([x.ravel(), y.ravel()]) * apart
            file.write((registration.points(points) * pre - points * post).astype("<f8").tobytes())
    return place


def _usual_step(registration: Registration) -> int:
    """So many pixels that lines between vectors follow the map."""
    field = registration.displacement
    return STEP if field is None else min(STEP, max(1, int(min(field.spacing) / PER_NODE)))


def _millimetres(
    name: str, spacing: tuple[float, float] | float | None
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Width and height of a pixel."""
    if spacing is None:
        return np.ones(2)
    both = np.broadcast_to(np.asarray(spacing, dtype=np.float64), 2)
    if not (np.isfinite(both).all() and (both > 0).all()):
        raise ValueError(f"`{name}`: expected micrometres above 0, found {spacing}")
    return np.array(both / MILLIMETRE)


def _header(size: tuple[int, int], spacing: np.ndarray[tuple[int], np.dtype[np.float64]]) -> bytes:
    lines = {
        "ObjectType": "Image",
        "NDims": 2,
        "BinaryData": True,
        "BinaryDataByteOrderMSB": False,
        "CompressedData": False,
        "TransformMatrix": "1 0 0 1",
        "Offset": "0 0",
        "CenterOfRotation": "0 0",
        "ElementSpacing": " ".join(repr(float(value)) for value in spacing),
        "DimSize": f"{size[0]} {size[1]}",
        "ElementNumberOfChannels": 2,
        "ElementType": "MET_DOUBLE",
        "ElementDataFile": "LOCAL",
    }
    return "".join(f"{name} = {value}\n" for name, value in lines.items()).encode()
