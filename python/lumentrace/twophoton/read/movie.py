"""The movie of a converted recording, read a few frames at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core
from lumentrace.storage.chunks import frames_of
from lumentrace.storage.hdf5 import opened
from lumentrace.twophoton.read.crop import SpatialCrop
from lumentrace.twophoton.read.ranges import frame_range

BATCH = 128


@dataclass(frozen=True)
class Movie:
    """A movie in a file.

    Attributes
    ----------
    path : path
    dataset_name : str
    shape : tuple of int
        (frames, rows, columns)
    dtype : numpy.dtype
    """

    path: Path
    dataset_name: str
    shape: tuple[int, int, int]
    dtype: np.dtype[Any]

    @property
    def as_taken(self) -> Movie:
        """The movie as the detector gave it, if frames are moved when they are read."""
        return self

    def read_frames(
        self, start: int | None = None, stop: int | None = None, *, spatial_crop: SpatialCrop | None = None
    ) -> NDArray[Any]:
        """Frames from `start` up to `stop`, or a part of them.

        Raises
        ------
        FormatError
            If the file is damaged.
        ValueError
            If the range lies outside the movie.
        """
        first, end = frame_range(start, stop, self.shape[0])
        crop = SpatialCrop.whole(self.shape[1:]) if spatial_crop is None else spatial_crop
        frames = frames_of(self.path, self.dataset_name)
        if frames is None:
            return self._read_slowly(first, end, crop)
        return frames.read((first, end), *crop.spans)

    def _read_slowly(self, first: int, end: int, crop: SpatialCrop) -> NDArray[Any]:
        """Frames by the HDF5 library, which reads what the kernels cannot."""
        with opened(self.path, f"frames {first} to {end} of a movie") as file:
            return np.ascontiguousarray(file[self.dataset_name][(slice(first, end), *crop.slices)])

    def iter_kernel_batches(
        self, start: int, stop: int, chunk_frames: int = BATCH
    ) -> Iterator[tuple[int, _core.MovieFrames, tuple[int, int]]]:
        """Whole frames for kernels, some at a time: the first one, what holds them, and which of it they are."""
        if chunk_frames < 1:
            raise ValueError(f"`chunk_frames`: expected a whole number from 1 on, found {chunk_frames!r}")
        whole = SpatialCrop.whole(self.shape[1:])
        frames = frames_of(self.path, self.dataset_name)
        # Batches end at multiples of their length, so that few chunks are read twice.
        ends = [*range(start - start % chunk_frames + chunk_frames, stop, chunk_frames), stop]
        for begin, until in pairwise([start, *ends]):
            if frames is None:
                block = self._read_slowly(begin, until, whole)
                yield begin, _core.MovieFrames.memory(block), (0, until - begin)
            else:
                yield begin, frames, (begin, until)

    def iter_frame_batches(
        self,
        chunk_frames: int = BATCH,
        *,
        start: int | None = None,
        stop: int | None = None,
        spatial_crop: SpatialCrop | None = None,
    ) -> Iterator[tuple[int, int, NDArray[Any]]]:
        """First frame, end and frames of each batch."""
        if chunk_frames < 1:
            raise ValueError(f"`chunk_frames`: expected a whole number from 1 on, found {chunk_frames!r}")
        first, end = frame_range(start, stop, self.shape[0])
        for begin in range(first, end, chunk_frames):
            until = min(begin + chunk_frames, end)
            yield begin, until, self.read_frames(begin, until, spatial_crop=spatial_crop)
