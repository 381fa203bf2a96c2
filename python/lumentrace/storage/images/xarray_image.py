"""Images as arrays of xarray, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lumentrace.data.lazy_image import About, LazyImage, Level, lazy_image
from lumentrace.storage.images.arrays import array_image
from lumentrace.storage.images.ome import MICROMETRES, SECONDS

if TYPE_CHECKING:
    import xarray as xr

LETTERS = {"time": "T", "channel": "C", "sample": "S"} | {letter.lower(): letter for letter in "TCZYXSQ"}
"""Axes by the names that they have in xarray."""


def to_xarray(image: LazyImage) -> xr.DataArray:
    """An image as an array whose pixels are read when they are asked for; see `LazyImage.to_xarray`."""
    try:
        import xarray
    except ImportError as error:
        raise ImportError('xarray is not installed; get it with `pip install "lumentrace[xarray]"`') from error
    from lumentrace.storage.images.xarray_source import ImageSource

    coordinates: dict[str, Any] = {}
    places = [part for part in image.chosen if isinstance(part, slice)]
    for letter, part in zip(image.axes, places, strict=True):
        if letter in image.spacing:
            numbers = np.arange(part.start, part.stop) * image.spacing[letter]
            coordinates[letter] = (letter, numbers, {"units": "µm"})
    if image.channel_axis is not None and image.channel_names:
        letter = image.axes[image.channel_axis]
        coordinates[letter] = (letter, list(image.channel_names))
    if "T" in image.axes and image.times:
        coordinates["T"] = ("T", list(image.times), {"units": "s"})
    pixels = xarray.Variable(list(image.axes), ImageSource.of(image))
    array = xarray.DataArray(pixels, coordinates, name=image.about.name or None)
    array.set_close(image.close)
    return array


def is_xarray(array: Any) -> bool:
    """Whether something is an array of xarray, which need not be installed."""
    return all(hasattr(array, name) for name in ("dims", "coords", "variable"))


def image_of(name: str, array: Any, axes: str | None, channels: Sequence[str]) -> LazyImage:
    """An array of any library, of the argument `name`, as an image.

    Raises
    ------
    ValueError
        If it holds no real numbers, or its axes are not known.
    """
    made = xarray_image if is_xarray(array) else array_image
    return made(name, array, axes, channels)


def xarray_image(name: str, array: xr.DataArray, axes: str | None, channels: Sequence[str]) -> LazyImage:
    """An array of xarray, of the argument `name`, as an image.

    Raises
    ------
    ValueError
        If it holds no real numbers, or its axes are not known.
    """
    named = [LETTERS.get(str(axis).lower(), "") for axis in array.dims]
    if axes is None and not all(named):
        raise ValueError(f"`axes`: expected a letter for each axis of {array.dims}, whose names say too little")
    letters = "".join(named) if axes is None else axes.upper()
    image = array_image(name, array.variable, letters, channels)
    own = {letter: array.coords[axis] for letter, axis in zip(letters, array.dims, strict=True) if axis in array.coords}
    spacing = {letter: size for letter in "XYZ" if letter in own and (size := _spacing(own[letter])) is not None}
    about = About(
        name=str(array.name or ""),
        channels=tuple(channels) or _texts(own.get("C")),
        times=_times(own.get("T")),
    )
    level = image.levels[0]
    return lazy_image([Level(level.source, spacing, level.chunks)], letters, about)


def _spacing(places: xr.DataArray) -> float | None:
    """Micrometres from pixel to pixel, if they are alike and have a unit."""
    factor = MICROMETRES.get(str(places.attrs.get("units", "")))
    if factor is None or places.dtype.kind not in "uif" or places.size < 2:
        return None
    steps = np.diff(places.values.astype(np.float64))
    alike = bool(np.allclose(steps, steps[0], rtol=1e-6, atol=0.0)) and 0 < steps[0] < np.inf
    return float(places.values[-1] - places.values[0]) / (places.size - 1) * factor if alike else None


def _texts(names: xr.DataArray | None) -> tuple[str, ...]:
    if names is None or names.dtype.kind not in "UOT":
        return ()
    return tuple(map(str, names.values.tolist()))


def _times(times: xr.DataArray | None) -> tuple[float, ...]:
    factor = None if times is None else SECONDS.get(str(times.attrs.get("units", "")))
    if times is None or factor is None or times.dtype.kind not in "uif":
        return ()
    return tuple((times.values.astype(np.float64) * factor).tolist())
