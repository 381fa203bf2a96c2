"""A movie of any source as chunks of pixels in the narrowest type that loses nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.errors import FormatError
from lumentrace.storage.chunks import TYPES
from lumentrace.storage.hdf5 import LAYOUT
from lumentrace.storage.sink import Sink
from lumentrace.twophoton.convert.movie_source import MovieSource, Span
from lumentrace.twophoton.read.frames_done import FramesDone
from lumentrace.twophoton.read.recording import MOVIE_DATASET, MOVIE_FORMAT, ORIENTATION

NARROW = ("uint8", "uint16", "int16", "int32")
"""Types that are tried for movies of whole numbers, in this order."""
CHUNK_FRAMES, CHUNK_PIXELS = 8, 64
SLAB_BYTES = 1 << 26
"""Frames of a chunk together are no larger."""
BLOCK_BYTES = 1 << 25
"""Pixels of a source that are worked on at a time."""
LOOKED_AT = 8
"""Frames that the first guess of the type is made from."""
LEVEL = 1


def copy_movie(
    source: MovieSource, path: Path, folder: Path, mean_range: Span
) -> tuple[NDArray[np.float64], np.dtype[Any]]:
    """Copy a movie; its mean image over some frames, and the type of the copy.

    Whoever listens to the step is told of the frames that are done. The mean is over finite values; NaN where there
    is none. HDF5 crashes the process after it failed to write, so that it writes into a sink that remembers the
    failure.

    Parameters
    ----------
    source : MovieSource
    path : path
        The new file.
    folder : path
        The recording's own.
    mean_range : tuple of int
        First and end frame.
    """
    types = _types(source)
    for name in types:
        with path.open("w+b") as file:
            mean = _copied(source, Sink(file), np.dtype(name), folder, mean_range)
        if mean is not None:
            return mean.reshape(source.shape[1:]), np.dtype(name)
    raise FormatError(f"{source.path}: expected numbers that one of {', '.join(types)} holds, found others")


def _types(source: MovieSource) -> list[str]:
    """Types to try, from the narrowest that holds some frames to one that holds everything."""
    if source.dtype.kind != "f" and source.dtype.name in TYPES:
        return [source.dtype.name]
    small = "float32" if source.dtype == np.float16 else "float64"
    widest = source.dtype.name if source.dtype.name in TYPES else small
    for start in np.unique(np.linspace(0, source.shape[0] - 1, LOOKED_AT).astype(int)):
        block = source.read(int(start), int(start) + 1)
        if not np.isfinite(block).all() or (block != np.rint(block)).any():
            return [widest]
    return [*NARROW, widest]


def _copied(
    source: MovieSource, sink: Sink, dtype: np.dtype[Any], folder: Path, mean_range: Span
) -> NDArray[np.float64] | None:
    """Mean over the frames of the mean image; None as soon as a value does not fit the type."""
    import h5py

    count, rows, columns = source.shape
    size = rows * columns * max(dtype.itemsize, source.dtype.itemsize)
    depth = max(1, min(CHUNK_FRAMES, count, SLAB_BYTES // size))
    chunk = (depth, min(rows, CHUNK_PIXELS), min(columns, CHUNK_PIXELS))
    step = max(1, BLOCK_BYTES // (size * depth)) * depth
    total, held = np.zeros(rows * columns), np.zeros(rows * columns, np.int64)
    done = FramesDone(count, count)
    try:
        with h5py.File(sink, "w", libver=LAYOUT) as file:
            data = _dataset(file, source, dtype, chunk, folder)
            for start in range(0, count, step):
                stop = min(start + step, count)
                frames, span, transposed = source.frames(start, stop)
                summed = mean_range[0] - start + span[0], mean_range[1] - start + span[0]
                packed, sums, counts = frames.pack(
                    span, summed, chunk, dtype.name, transpose=transposed, level=LEVEL, progress=done.kernel()
                )
                if packed is None:
                    return None
                for place, own in zip(_places(source.shape, chunk, start, stop), packed, strict=True):
                    data.id.write_direct_chunk(place, own)
                sink.check()
                total += sums
                held += counts
                done.add(stop - start)
    finally:
        sink.check()
    return np.asarray(np.divide(total, held, out=np.full(total.shape, np.nan), where=held > 0))


def _dataset(file: Any, source: MovieSource, dtype: np.dtype[Any], chunk: tuple[int, int, int], folder: Path) -> Any:
    file.attrs["twopy_format"], file.attrs["source_session_dir"] = MOVIE_FORMAT, str(folder)
    data = file.create_dataset(
        MOVIE_DATASET, source.shape, dtype, chunks=chunk, compression="gzip", compression_opts=LEVEL, shuffle=True
    )
    data.attrs["source_path"], data.attrs["source_dataset"] = str(source.path), source.dataset
    data.attrs["spatial_orientation"], data.attrs["source_spatial_orientation"] = ORIENTATION, source.orientation
    return data


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
