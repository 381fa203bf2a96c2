"""The pixels of an image as xarray reads them from files: when they are asked for, and only those."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from xarray.backends import BackendArray
from xarray.core import indexing

from lumentrace.data.lazy_image import LazyImage


class ImageSource(BackendArray):
    """Pixels for xarray, as its guide to backends says: https://docs.xarray.dev/en/stable/internals/how-to-add-new-backend.html.

    Parameters
    ----------
    image : LazyImage
    """

    def __init__(self, image: LazyImage) -> None:
        self._image = image
        self.shape, self.dtype = image.shape, image.dtype

    @classmethod
    def of(cls, image: LazyImage) -> Any:
        """An image, of which parts can be chosen without reading them."""
        return indexing.LazilyIndexedArray(cls(image))

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.BASIC, self._read)

    def _read(self, places: tuple[int | slice, ...]) -> NDArray[Any]:
        """Numbers and slices of any step: what lies between is read and left out."""
        ranges = [
            range(n)[place] if isinstance(place, slice) else place for n, place in zip(self.shape, places, strict=True)
        ]
        lengths = [len(each) for each in ranges if isinstance(each, range)]
        if not all(lengths):
            return np.empty(lengths, self.dtype)
        wanted = [_span(each) if isinstance(each, range) else each for each in ranges]
        steps = [slice(None, None, each.step) for each in ranges if isinstance(each, range)]
        return self._image[tuple(wanted)][tuple(steps)]


def _span(numbers: range) -> slice:
    return slice(min(numbers[0], numbers[-1]), max(numbers[0], numbers[-1]) + 1)
