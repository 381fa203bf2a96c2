"""Arrays in memory, of Dask and of Zarr, as images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lumentrace.data.lazy_image import About, LazyImage, Level, lazy_image

LETTERS = "TCZYXSQ"


def array_image(name: str, array: Any, axes: str | None, channels: Sequence[str]) -> LazyImage:
    """An array, of the argument `name`, as an image.

    Raises
    ------
    ValueError
        If it holds no real numbers, or the axes do not fit it.
    """
    shape = tuple(int(length) for length in array.shape)
    if array.dtype.kind not in "buif" or not all(shape):
        raise ValueError(f"`{name}`: expected real numbers, found {array.dtype} of shape {shape}")
    letters = ("YX" if len(shape) == 2 else "") if axes is None else axes.upper()
    if len(letters) != len(shape) or len(set(letters)) < len(letters) or not set(letters) <= set(LETTERS):
        raise ValueError(f"`axes`: expected a letter of {LETTERS} for each axis of shape {shape}, found {axes!r}")
    count = shape[letters.index("C")] if "C" in letters else 1
    if channels and len(channels) != count:
        raise ValueError(f"`channels`: expected {count} names, found {len(channels)}")
    return lazy_image([Level(array, {}, _chunks(array, shape))], letters, About(channels=tuple(channels)))


def _chunks(array: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Of Dask the largest ones; an array in memory is cut by planes."""
    stated = getattr(array, "chunks", None)
    if not stated:
        return (*[1] * (len(shape) - 2), *shape[-2:])
    return tuple(max(length) if isinstance(length, tuple) else int(length) for length in stated)
