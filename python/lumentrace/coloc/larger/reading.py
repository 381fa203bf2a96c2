"""Images that are read at once, and those that are read piece by piece."""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.data.lazy_image import About, LazyImage, Level, lazy_image

Pixels = NDArray[Any] | LazyImage
LARGEST = 1 << 27
"""Bytes of channels and labels that are read at once; images that are in memory already are taken as they are."""
MEMORY = 2000
"""Megabytes of pixels of a region that are read at once where a measure needs all of them."""
LETTERS = "QTCZYX"


def is_larger(images: Iterable[Pixels]) -> bool:
    """Whether images are read piece by piece."""
    return sum(image.nbytes for image in images if isinstance(image, LazyImage)) > LARGEST


class _Closing:
    """Closes a file, at the latest when it is forgotten."""

    def __init__(self, finish: Callable[[], None]) -> None:
        self._finish = weakref.finalize(self, finish)

    def __call__(self) -> None:
        self._finish()


def kept_open(image: LazyImage) -> LazyImage:
    """An image whose file is closed when nobody holds a part of it any more, if not before."""
    return replace(image, finish=_Closing(image.finish))


def as_lazy(pixels: Pixels) -> LazyImage:
    """An image that is read piece by piece, an array too."""
    if isinstance(pixels, LazyImage):
        return pixels
    shape = pixels.shape
    chunks = (*[1] * (len(shape) - 2), *shape[-2:])
    return lazy_image([Level(pixels, {}, chunks)], LETTERS[-len(shape) :], About())


def taken(pixels: Pixels, place: int, axis: int) -> Pixels:
    """One slice of an image."""
    if isinstance(pixels, LazyImage):
        return pixels.part(*[slice(None)] * (axis % pixels.ndim), place)
    return np.asarray(pixels.take(place, axis))


def size(pixels: Pixels) -> int:
    """Number of pixels."""
    return math.prod(pixels.shape)
