"""Pieces of images, one after another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.data.lazy_image import LazyImage

Place = tuple[slice, ...]
PIXELS = 1 << 22
"""Pixels that are read at a time, unless one chunk has more."""


def places(image: LazyImage, box: Place | None = None) -> Iterator[Place]:
    """Parts that make up an image or a box of it, each within whole chunks of at most `PIXELS`."""
    bounds = [slice(0, length) for length in image.shape] if box is None else box
    for piece in image.places(PIXELS * image.dtype.itemsize):
        place = tuple(
            slice(max(own.start, whole.start), min(own.stop, whole.stop))
            for own, whole in zip(piece, bounds, strict=True)
        )
        if all(axis.start < axis.stop for axis in place):
            yield place


def at_once(memory: int, bytes_of_pixel: int) -> int:
    """Pixels of a region that are read at once where a measure needs all of them, in so many bytes of memory."""
    return max(memory // bytes_of_pixel, PIXELS)


def members(labels: NDArray[Any], chosen: NDArray[np.int64]) -> NDArray[np.int64]:
    """Labels without those that are not among the chosen ones, which ascend."""
    if not labels.any():
        return np.zeros(labels.shape, dtype=np.int64)
    place = np.minimum(np.searchsorted(chosen, labels), len(chosen) - 1)
    return np.where(chosen[place] == labels, labels, 0).astype(np.int64, copy=False)
