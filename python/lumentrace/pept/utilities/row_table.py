"""A table that grows row by row, in memory or, once it is too large for that, in a temporary file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from typing import IO

import numpy as np
from numpy.typing import NDArray

LIMIT = 256 * 2**20
"""Bytes of rows from which a table moves to a file by default."""

_BLOCK, _BLOCK_BYTES = 2**16, 2**26
"""Rows that a table has room for at least, unless they are that wide."""
_BYTES = np.dtype(np.float64).itemsize


def limit_for(memory_map: bool | None) -> float:
    """Bytes that a table may have in memory: any number, none, or `LIMIT` if `memory_map` is None."""
    return LIMIT if memory_map is None else 0.0 if memory_map else float("inf")


class RowTable:
    """Rows of float64 whose number is not known beforehand.

    Parameters
    ----------
    width : int
        Columns.
    expected : int
        How many rows there will be, roughly; too many costs address space, too few costs copies.
    limit : float
        Bytes of rows from which on they go to a temporary file. The file has no name: the operating system
        removes it when the last view of the table is gone, or the process ends.
    """

    def __init__(self, width: int, expected: int, limit: float) -> None:
        self._most = int(min(limit / (width * _BYTES), 2**62))
        self._block = max(1, min(_BLOCK, _BLOCK_BYTES // (width * _BYTES)))
        self._rows = np.empty((max(1, min(max(expected, self._block), self._most)), width))
        self._used = 0
        self._file: IO[bytes] | None = None
        self._written = 0

    def __len__(self) -> int:
        return self._written + self._used

    def free(self) -> NDArray[np.float64]:
        """Rows to be filled next, at least one; `keep` says how many were."""
        if self._used == len(self._rows):
            self._make_room()
        return self._rows[self._used :]

    def keep(self, count: int) -> None:
        """Take over the first `count` rows of what `free` gave."""
        self._used += count

    def append(self, rows: NDArray[np.float64]) -> None:
        """Copy `rows` to the end of the table."""
        while len(rows):
            free = self.free()
            count = min(len(free), len(rows))
            free[:count] = rows[:count]
            self.keep(count)
            rows = rows[count:]

    def finish(self) -> NDArray[np.float64]:
        """Give the rows, contiguous: an array, or a memory map of the file."""
        if self._file is None:
            return self._rows[: self._used]
        self._flush()
        self._file.flush()
        shape = (self._written, self._rows.shape[1])
        rows = np.memmap(self._file, dtype=np.float64, mode="r+", shape=shape)
        self._file.close()
        return rows

    def _make_room(self) -> None:
        capacity = len(self._rows)
        if self._file is not None:
            self._flush()
        elif capacity < self._most:
            larger = np.empty((min(2 * capacity, self._most), self._rows.shape[1]))
            larger[:capacity] = self._rows
            self._rows = larger
        else:
            self._file = tempfile.TemporaryFile(prefix="lumentrace-")  # noqa: SIM115 (closed by `finish`)
            self._flush()
            self._rows = np.empty((self._block, self._rows.shape[1]))

    def _flush(self) -> None:
        assert self._file is not None
        self._file.write(self._rows[: self._used].data)
        self._written += self._used
        self._used = 0


def gather(
    blocks: Iterable[NDArray[np.float64]], text_size: int, limit: float = float("inf")
) -> NDArray[np.float64] | None:
    """Stack blocks of rows read from a text file of the given size; None if there is none."""
    table = None
    for block in blocks:
        if table is None:
            # Four characters per number is on the low side, so that the table seldom has to grow.
            table = RowTable(block.shape[1], text_size // (4 * block.shape[1]), limit)
        table.append(block)
    return None if table is None else table.finish()
