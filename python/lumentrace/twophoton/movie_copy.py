"""A movie of any source as chunks of pixels in the narrowest type that loses nothing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core
from lumentrace.errors import FormatError
from lumentrace.twophoton.chunks import TYPES, naming
from lumentrace.twophoton.recording import MOVIE_DATASET, MOVIE_FORMAT, ORIENTATION

Span = tuple[int, int]

NARROW = ("uint8", "uint16", "int16", "int32")
"""Types that are tried for movies of whole numbers, in this order."""
CHUNK_FRAMES, CHUNK_PIXELS = 8, 64
SLAB_BYTES = 1 << 26
"""Frames of a chunk together are no larger."""
BLOCK_BYTES = 1 << 27
"""Pixels of a source that are worked on at a time."""
LOOKED_AT = 8
"""Frames that the first guess of the type is made from."""
LEVEL = 1


class MovieSource(ABC):
    """Frames (frames, rows, columns) of a source; `path` is for messages."""

    path: Path
    shape: tuple[int, int, int]
    dtype: np.dtype[Any]

    @abstractmethod
    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Some frames."""

    def frames(self, start: int, stop: int) -> tuple[_core.MovieFrames, Span, bool]:
        """Some frames for kernels: what holds them, which of it they are, and whether rows are columns there."""
        return _core.MovieFrames.memory(self._plain(self.read(start, stop))), (0, stop - start), False

    def _plain(self, block: NDArray[Any]) -> NDArray[Any]:
        """Frames of a type that kernels know."""
        if block.dtype.name in TYPES:
            return np.ascontiguousarray(block, dtype=block.dtype.newbyteorder("="))
        values = np.ascontiguousarray(block, dtype=np.float64)
        if not np.array_equal(values, block, equal_nan=block.dtype.kind == "f"):
            raise FormatError(f"{self.path}: expected numbers that 64 bits of a float hold, found larger {block.dtype}")
        return values


def copy_movie(
    source: MovieSource, path: Path, folder: Path, about: dict[str, str], mean_range: Span, tell: Callable[[int], None]
) -> tuple[NDArray[np.float64], np.dtype[Any]]:
    """Copy a movie; its mean image over some frames, and the type of the copy.

    Parameters
    ----------
    source : MovieSource
    path : path
        The new file.
    folder : path
        The recording's own.
    about : dict
        Attributes of the movie that say where it comes from.
    mean_range : tuple of int
        First and end frame.
    tell : callable
        Called with the number of frames that are done.
    """
    types = _types(source)
    for name in types:
        total = _copied(source, path, np.dtype(name), folder, about, mean_range, tell)
        if total is not None:
            return total.reshape(source.shape[1:]) / (mean_range[1] - mean_range[0]), np.dtype(name)
    raise FormatError(f"{source.path}: expected numbers that one of {', '.join(types)} holds, found others")


def _types(source: MovieSource) -> list[str]:
    """Types to try, from the narrowest that holds some frames to one that holds everything."""
    if source.dtype.kind != "f" and source.dtype.name in TYPES:
        return [source.dtype.name]
    widest = source.dtype.name if source.dtype.name in TYPES else "float64"
    for start in np.unique(np.linspace(0, source.shape[0] - 1, LOOKED_AT).astype(int)):
        block = source.read(int(start), int(start) + 1)
        if not np.isfinite(block).all() or (block != np.rint(block)).any():
            return [widest]
    return [*NARROW, widest]


def _copied(
    source: MovieSource,
    path: Path,
    dtype: np.dtype[Any],
    folder: Path,
    about: dict[str, str],
    mean_range: Span,
    tell: Callable[[int], None],
) -> NDArray[np.float64] | None:
    """Sum of the frames of the mean image; None as soon as a value does not fit the type."""
    import h5py

    count, rows, columns = source.shape
    size = rows * columns * max(dtype.itemsize, source.dtype.itemsize)
    depth = max(1, min(CHUNK_FRAMES, count, SLAB_BYTES // size))
    chunk = (depth, min(rows, CHUNK_PIXELS), min(columns, CHUNK_PIXELS))
    step = max(1, BLOCK_BYTES // (size * depth)) * depth
    total = np.zeros(rows * columns)
    with h5py.File(path, "w") as file:
        file.attrs["twopy_format"], file.attrs["source_session_dir"] = MOVIE_FORMAT, str(folder)
        data = file.create_dataset(
            MOVIE_DATASET, source.shape, dtype, chunks=chunk, compression="gzip", compression_opts=LEVEL, shuffle=True
        )
        data.attrs["spatial_orientation"] = ORIENTATION
        for name, value in about.items():
            data.attrs[name] = value
        for start in range(0, count, step):
            stop = min(start + step, count)
            frames, span, transposed = source.frames(start, stop)
            mean_span = mean_range[0] - start + span[0], mean_range[1] - start + span[0]
            with naming(source.path):
                packed, sums = frames.pack(span, mean_span, chunk, dtype.name, transpose=transposed, level=LEVEL)
            if packed is None:
                return None
            for place, held in zip(_places(source.shape, chunk, start, stop), packed, strict=True):
                data.id.write_direct_chunk(place, held)
            total += sums
            tell(stop)
    return total


def _places(
    shape: tuple[int, int, int], chunk: tuple[int, int, int], start: int, stop: int
) -> list[tuple[int, int, int]]:
    """First frame, row and column of each chunk of some frames."""
    return [
        (frame, row, column)
        for frame in range(start, stop, chunk[0])
        for row in range(0, shape[1], chunk[1])
        for column in range(0, shape[2], chunk[2])
    ]
