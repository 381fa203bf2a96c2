"""Arrays that may be larger than memory."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from lumentrace.base import mapping
from lumentrace.base.mapping import BLOCK

LIMIT = 2**24
"""Bytes from which on an array is kept in a temporary file."""
STRETCH, STRETCHES = 2**21, 16
"""Bytes of a file that one number may bring into memory (a large page), and how many such stretches are held."""


class BigArray:
    """An array in memory or, from `LIMIT` bytes on, in a temporary file; what is read is a copy.

    The file has no name: the operating system removes it when the last view is gone, or the process ends. Its pages are
    let go after every access, so that memory does not grow with it.

    Parameters
    ----------
    rows : (N, ...) array
        What to hold; not copied.

    Examples
    --------
    >>> squares = BigArray.empty((5,))
    >>> squares[:] = np.arange(5) ** 2
    >>> squares[1:3], squares[np.array([4, 0])]
    (array([1., 4.]), array([16.,  0.]))
    """

    def __init__(self, rows: NDArray[Any]) -> None:
        self._rows = rows

    @classmethod
    def empty(cls, shape: tuple[int, ...], dtype: DTypeLike = np.float64) -> BigArray:
        """Room for numbers.

        Raises
        ------
        OSError
            If the disk is full.
        """
        size = math.prod(shape) * np.dtype(dtype).itemsize
        if size < LIMIT:
            return cls(np.empty(shape, dtype))
        with tempfile.TemporaryFile(prefix="lumentrace-") as file:
            if hasattr(os, "posix_fallocate"):  # a full disk is told here; a mapped page without room ends the process
                os.posix_fallocate(file.fileno(), 0, size)
            file.truncate(size)
            return cls(np.memmap(file, dtype, "r+", shape=shape))

    @property
    def shape(self) -> tuple[int, ...]:
        """Its extents."""
        return self._rows.shape

    @property
    def whole(self) -> NDArray[Any]:
        """The array itself, perhaps mapped from its file."""
        return self._rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, where: Any) -> Any:
        rows, *others = where if isinstance(where, tuple) else (where,)
        parts = [np.array(self._rows[(part, *others)]) for part in self._parts(rows)]
        return parts[0][()] if len(parts) == 1 else np.concatenate(parts)

    def __setitem__(self, rows: Any, values: Any) -> None:
        """Put `values` into some rows; to rows by number belongs one each."""
        done = 0
        for part in self._parts(rows):
            count = len(part) if isinstance(part, np.ndarray) else len(values)
            self._rows[part] = values[done : done + count]
            done += count

    def _parts(self, rows: Any) -> Iterator[Any]:
        """`rows`, those by number in parts that lie together; pages are let go after each."""
        for part in self._together(rows) if isinstance(rows, np.ndarray) and len(rows) else [rows]:
            yield part
            mapping.release(self._rows)

    def _together(self, rows: NDArray[np.intp]) -> list[NDArray[np.intp]]:
        stretch = rows * self._rows.strides[0] // STRETCH
        group = np.cumsum(np.diff(stretch, prepend=stretch[0]) != 0) // STRETCHES
        return np.split(rows, np.flatnonzero(np.diff(group)) + 1)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self[:], dtype)

    def part(self, start: int, stop: int) -> BigArray:
        """A view of the rows from `start` to before `stop`."""
        return BigArray(self._rows[start:stop])

    def blocks(self) -> Iterator[NDArray[Any]]:
        """All rows, block by block."""
        return (self[start : start + BLOCK] for start in range(0, len(self), BLOCK))
