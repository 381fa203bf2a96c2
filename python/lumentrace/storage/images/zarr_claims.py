"""What an array of Zarr says it holds, compared with what is stored: chunks that are not there may be any number."""

from __future__ import annotations

import itertools
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

MOST_MISSING, SPARSE = 1 << 16, 1100
"""Chunks (shards, if it has some) of an array that need not be there, and so many more for each that is."""
MOST_EMPTY = 2 << 30
"""Bytes that are read at once beyond those of chunks that are there."""
ADVICE = "a number in the variable LUMENTRACE_LIMITS raises the limit"


class Stored:
    """The pixels of an array, few of whose chunks are missing.

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
        self._lengths: tuple[int, ...] = array.shards or array.chunks
        chunks = math.prod(-(-length // chunk) for length, chunk in zip(self.shape, self._lengths, strict=True))
        needed = -(-(chunks - raised(MOST_MISSING)) // raised(SPARSE))
        found = self._there(needed)
        if found < needed:
            raise FormatError(
                f"{folder}: expected {chunks:,} chunks, of which {raised(MOST_MISSING):,} and {raised(SPARSE):,} for "
                f"each that is there may be missing (the limit), found {found:,}; {ADVICE}"
            )

    def __getitem__(self, place: Place) -> NDArray[Any]:
        wanted = [
            len(range(*part.indices(length))) if isinstance(part, slice) else 1
            for part, length in zip(place, self.shape, strict=True)
        ]
        size, chunk = (math.prod(lengths) * self.dtype.itemsize for lengths in (wanted, self._lengths))
        needed = -(-(size - raised(MOST_EMPTY)) // chunk)
        found = self._there(needed)
        if found < needed:
            raise FormatError(
                f"{self._folder}: expected to read {size:,} bytes at once, of which {raised(MOST_EMPTY):,} may be of "
                f"missing chunks (the limit), found {found:,} chunks of {chunk:,}; read parts, or {ADVICE}"
            )
        return read(self._array, place)

    def _there(self, needed: int) -> int:
        """How many files there are, counted no further than is needed."""
        if needed <= 0:
            return 0
        return sum(1 for _ in itertools.islice(_files(self._folder), needed))


def chunks_of(array: Any) -> tuple[int, ...]:
    """Lengths of its chunks, none of them longer than the array."""
    return tuple(min(chunk, max(length, 1)) for chunk, length in zip(array.chunks, array.shape, strict=True))


def _files(folder: Path) -> Iterator[str]:
    """All that are in a folder, in no order."""

    def told(error: OSError) -> None:
        raise error

    for _, _, names in os.walk(folder, onerror=told):
        yield from names
