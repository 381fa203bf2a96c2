"""Movies of any kind, read some frames at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.storage.chunks import TYPES
from lumentrace.twophoton.convert.tiff_movie import TiffMovie

LEAST = 16
"""Rows and columns of the smallest frame whose motion is measured."""
BLOCK_BYTES = 1 << 24
"""Of frames that are read together."""


@dataclass(frozen=True)
class Film:
    """Frames of a movie.

    Attributes
    ----------
    movie : object
        A path of TIFF files, or what has a shape and can be sliced: an array, a memory map, a lazy movie.
    shape : tuple of int
        Frames, rows, columns.
    dtype : numpy.dtype
    """

    movie: Any
    shape: tuple[int, int, int]
    dtype: np.dtype[Any]

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Frames from `start` up to `stop`, of a type that kernels take."""
        if hasattr(self.movie, "read_frames"):
            block = self.movie.read_frames(start, stop)
        elif isinstance(self.movie, TiffMovie):
            block = self.movie.read(start, stop)
        else:
            block = np.asarray(self.movie[start:stop])
        if block.shape != (stop - start, *self.shape[1:]):
            raise ValueError(f"`movie`: expected frames {start} to {stop} of {self.shape}, found {block.shape}")
        if block.dtype.name in TYPES:
            return np.ascontiguousarray(block, dtype=block.dtype.newbyteorder("="))
        return np.ascontiguousarray(block, dtype=np.float64)

    def blocks(self) -> Iterator[tuple[int, NDArray[Any]]]:
        """The first frame of some, and those, until all were read."""
        step = self.step()
        for start in range(0, self.shape[0], step):
            yield start, self.read(start, min(start + step, self.shape[0]))

    def step(self) -> int:
        """Frames that are read together."""
        return max(1, BLOCK_BYTES // max(1, self.shape[1] * self.shape[2] * self.dtype.itemsize))

    def full(self) -> float:
        """The largest value of whole numbers; infinite for others."""
        return float(np.iinfo(self.dtype).max) if self.dtype.kind in "ui" else float("inf")


def film_of(movie: Any) -> Film:
    """A movie as frames.

    Raises
    ------
    ValueError
        If it has no frames of rows and columns, or those are too small.
    TypeError
        If its numbers are not real.
    FormatError
        If a file is damaged.
    """
    own = TiffMovie(movie) if isinstance(movie, (str, os.PathLike)) else movie
    if not hasattr(own, "shape") or not hasattr(own, "dtype"):
        own = np.asarray(own)
    shape, dtype = tuple(int(length) for length in own.shape), np.dtype(own.dtype)
    if len(shape) != 3 or not shape[0] or min(shape[1:]) < LEAST:
        raise ValueError(
            f"`movie`: expected (frames, rows, columns) with a frame at least, of {LEAST} x {LEAST} pixels or more, "
            f"found {shape}"
        )
    if dtype.kind not in "uifb":
        raise TypeError(f"`movie`: expected real numbers, found {dtype}")
    return Film(own, (shape[0], shape[1], shape[2]), dtype)
