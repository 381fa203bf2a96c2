"""Movies on disk as the kernels read them: straight from the chunks of the file."""

from __future__ import annotations

from functools import lru_cache
from math import ceil, prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core
from lumentrace.storage.hdf5 import opened

FILTERS = {1: "gzip", 2: "shuffle"}
"""Filters of HDF5 that the kernels undo, by number."""
TYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64")


def frames_of(path: Path, dataset: str) -> _core.MovieFrames | None:
    """The movie of a file; None if it lies there in a way that only the HDF5 library can read.

    Raises
    ------
    FormatError
        If the file is damaged.
    OSError
        If it cannot be read.
    """
    about = path.stat()
    return _frames_of(path, dataset, about.st_mtime_ns, about.st_size, about.st_ino)


@lru_cache(maxsize=4)
def _frames_of(path: Path, dataset: str, *version: int) -> _core.MovieFrames | None:
    with opened(path, "a movie") as file:
        data = file[dataset]
        filters = _filters(data)
        if data.ndim != 3 or not data.size or filters is None or not _known(data.dtype):
            return None
        found = _contiguous(data) if data.chunks is None else _chunks(data)
        if found is None or not _starts_where_said(path, data, found):
            return None
        chunk = (1, *data.shape[1:]) if data.chunks is None else data.chunks
        return _core.MovieFrames.open(str(path), data.shape, chunk, data.dtype.name, filters, found)


def forget_open_files() -> None:
    """Close movies that nobody uses, so that they can be replaced on every system."""
    _frames_of.cache_clear()


def _known(dtype: np.dtype[Any]) -> bool:
    return dtype.name in TYPES and (dtype.newbyteorder("<") == dtype)


def _filters(data: Any) -> list[str] | None:
    """Names of filters; None if one is unknown."""
    plan = data.id.get_create_plist()
    names = [FILTERS.get(plan.get_filter(number)[0]) for number in range(plan.get_nfilters())]
    return None if None in names else [name for name in names if name is not None]


def _contiguous(data: Any) -> NDArray[np.uint64] | None:
    """A row for each frame of a movie that is not cut into chunks."""
    start, size = data.id.get_offset(), prod(data.shape[1:]) * data.dtype.itemsize
    if start is None or data.id.get_storage_size() != data.shape[0] * size:
        return None
    offsets = start + size * np.arange(data.shape[0], dtype=np.uint64)
    return np.column_stack([offsets, np.full_like(offsets, size), np.zeros_like(offsets)])


def _chunks(data: Any) -> NDArray[np.uint64] | None:
    """A row for each chunk, in row-major order; None if some were never written."""
    grid = [ceil(length / own) for length, own in zip(data.shape, data.chunks, strict=True)]
    found: list[tuple[int, int, int, int]] = []

    def take(chunk: Any) -> None:
        place = 0
        for offset, own, length in zip(chunk.chunk_offset, data.chunks, grid, strict=True):
            place = place * length + offset // own
        found.append((place, chunk.byte_offset, chunk.size, chunk.filter_mask))

    data.id.chunk_iter(take)
    if len(found) != prod(grid):
        return None
    return np.array(sorted(found), dtype=np.uint64)[:, 1:].copy()


def _starts_where_said(path: Path, data: Any, found: NDArray[np.uint64]) -> bool:
    """Whether the first chunk is there: some versions of HDF5 do not count what precedes their own part of the file."""
    if data.chunks is None:
        return True
    offset, size, _ = (int(value) for value in found[0])
    with path.open("rb") as file:
        file.seek(offset)
        held = file.read(size)
    return bool(held == data.id.read_direct_chunk((0, 0, 0))[1])
