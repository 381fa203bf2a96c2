"""What an array of Zarr says it holds, compared with what is stored: chunks that are not there may be any number."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.errors import FormatError
from lumentrace.base.limits import raised
from lumentrace.storage.images.zarr_loop import Place, read

MOST_MISSING = 1 << 16
"""Chunks (shards, if it has some) of an array that need not be there; of those that are, 1 100 times as many."""
MOST_AT_ONCE = 2 << 30
"""Bytes that are read at once whatever is stored; of what is stored, 1 100 times as many."""
INFLATION = 1100


class Stored:
    """The pixels of an array, of which no more are read at once than can be stored.

    Parameters
    ----------
    array : zarr.AsyncArray
    folder : path
        Of its chunks.

    Raises
    ------
    FormatError
        If far more chunks are missing than are there.
    """

    def __init__(self, array: Any, folder: Path) -> None:
        self.shape: tuple[int, ...] = array.shape
        self.dtype: np.dtype[Any] = array.dtype
        self.chunks = chunks_of(array)
        self._array, self._folder = array, folder
        lengths = zip(array.shape, array.shards or array.chunks, strict=True)
        chunks = math.prod(-(-length // chunk) for length, chunk in lengths)
        needed = -(-(chunks - raised(MOST_MISSING)) // raised(INFLATION))
        found = _held((1 for _ in _files(folder)), needed)
        if found < needed:
            raise FormatError(
                f"{folder}: expected {chunks:,} chunks, of which {raised(MOST_MISSING):,} and {raised(INFLATION):,} "
                f"times those that are there may be missing (the limit), found {found:,}"
            )

    def __getitem__(self, place: Place) -> NDArray[Any]:
        wanted = [
            len(range(*part.indices(length))) if isinstance(part, slice) else 1
            for part, length in zip(place, self.shape, strict=True)
        ]
        size = math.prod(wanted) * self.dtype.itemsize
        needed = -(-size // raised(INFLATION)) if size > raised(MOST_AT_ONCE) else 0
        found = _held((file.stat().st_size for file in _files(self._folder)), needed)
        if found < needed:
            raise FormatError(
                f"{self._folder}: expected to read at most {raised(MOST_AT_ONCE):,} bytes at once, or "
                f"{raised(INFLATION):,} times those that are stored (the limit), found {size:,} of {found:,}"
            )
        return read(self._array, place)


def chunks_of(array: Any) -> tuple[int, ...]:
    """Lengths of its chunks, none of them longer than the array."""
    return tuple(min(chunk, max(length, 1)) for chunk, length in zip(array.chunks, array.shape, strict=True))


def _files(folder: Path) -> Iterator[Path]:
    """All that are in a folder, in no order."""
    for root, _, names in os.walk(folder):
        yield from (Path(root) / name for name in names)


def _held(counts: Iterator[int], needed: int) -> int:
    """The sum of some counts; no further than is needed."""
    found = 0
    while found < needed and (count := next(counts, None)) is not None:
        found += count
    return found
