"""Images that are read at once, and those that are read piece by piece."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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


def as_lazy(pixels: Pixels) -> LazyImage:
    """An image that is read piece by piece, an array too."""
    if isinstance(pixels, LazyImage):
        return pixels
    shape = pixels.shape
    chunks = (*[1] * (len(shape) - 2), *shape[-2:])
    return lazy_image([Level(pixels, {}, chunks)], LETTERS[-len(shape) :], About())


def slices_of(images: Sequence[Pixels], axis: int) -> Iterator[list[Pixels]]:
    """Slices of images of one shape; those that lie in the same chunks are read at once if they fit into memory."""
    place = axis % len(images[0].shape)
    thick = max((image.chunks[place] for image in images if isinstance(image, LazyImage)), default=1)
    for start in range(0, images[0].shape[place], thick):
        slab = [_part(image, place, slice(start, start + thick)) for image in images]
        if not is_larger(slab):
            slab = [np.asarray(image) for image in slab]
        for number in range(slab[0].shape[place]):
            yield [_part(image, place, number) for image in slab]


def _part(pixels: Pixels, axis: int, part: int | slice) -> Pixels:
    """A part along an axis."""
    place = (*[slice(None)] * axis, part)
    return pixels.part(*place) if isinstance(pixels, LazyImage) else np.asarray(pixels[place])
