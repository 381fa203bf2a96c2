"""A movie on disk that can be indexed as an array."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.twophoton.read.crop import SpatialCrop
from lumentrace.twophoton.read.recording import Movie

Image = NDArray[Any]


@dataclass(frozen=True)
class LazyFrames:
    """Frames of a movie as an array, read when they are indexed.

    Attributes
    ----------
    movie : Movie
    start, stop : int
        Frames that are shown.
    crop : SpatialCrop
    """

    movie: Movie
    start: int
    stop: int
    crop: SpatialCrop

    @property
    def shape(self) -> tuple[int, int, int]:
        """Frames, rows, columns."""
        return (self.stop - self.start, *self.crop.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the movie."""
        return self.movie.dtype

    @property
    def ndim(self) -> int:
        """Three."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of values."""
        return math.prod(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> Image:
        keys = key if isinstance(key, tuple) else (key,)
        if any(each is Ellipsis for each in keys):
            place = next(place for place, each in enumerate(keys) if each is Ellipsis)
            keys = (*keys[:place], *[slice(None)] * (self.ndim + 1 - len(keys)), *keys[place + 1 :])
        first, rest = (keys[0], keys[1:]) if keys else (slice(None), ())
        wanted = np.arange(len(self))[first]
        if not wanted.size:
            return np.empty((0, *self.crop.shape), self.dtype)[(slice(None), *rest)]
        low, high = int(wanted.min()), int(wanted.max()) + 1
        frames = self.movie.read_frames(self.start + low, self.start + high, spatial_crop=self.crop)
        chosen = frames[wanted - low]
        return np.asarray(chosen[(*[slice(None)] * np.ndim(wanted), *rest)])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Image:
        if copy is False:
            raise ValueError("frames are on disk: expected copy=True or None, found False")
        return self[:].astype(dtype or self.dtype, copy=False)
