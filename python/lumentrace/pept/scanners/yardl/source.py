"""Numbers and pieces of a binary stream of Yardl."""

from __future__ import annotations

from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.limits import raised

WINDOW = 2**22
"""Bytes that are in memory at once."""
MOST_BYTES = 2**28
"""Of the header, or of one value of a stream."""
MOST_VALUES = 2**22
"""Values that are read one by one, in the header or in one value of a stream."""
LONGEST = 10
"""Bytes of a number of 64 bits."""


class Source:
    """Reads a file piece by piece.

    Parameters
    ----------
    file : binary file
    size : int
        Bytes of it.
    """

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._size = file, size
        self._window, self._at, self._before = b"", 0, 0
        self.begin()

    @property
    def at(self) -> int:
        """Bytes that were taken."""
        return self._before + self._at

    def begin(self) -> None:
        """From here on limits count anew."""
        self._first, self._values = self.at, 0
        self._most_bytes, self._most_values = raised(MOST_BYTES), raised(MOST_VALUES)

    def value(self) -> None:
        """Count a value that is read by itself."""
        self._values += 1
        if self._values > self._most_values:
            raise ValueError(f"more than {self._most_values:,} values in one")

    def expect(self, count: int) -> None:
        """That there are so many bytes.

        Raises
        ------
        ValueError
            If there are not, or if they are too many for one value.
        """
        if count > self._size - self.at:
            raise ValueError(f"{count:,} values or bytes where {self._size - self.at:,} bytes are left")
        if self.at + count - self._first > self._most_bytes:
            raise ValueError(f"a value of more than {self._most_bytes:,} bytes")

    def take(self, count: int) -> bytes:
        """The next bytes."""
        self._hold(count)
        taken = self._window[self._at : self._at + count]
        self._at += count
        return taken

    def byte(self) -> int:
        """The next one."""
        return self.take(1)[0]

    def number(self) -> int:
        """A whole number in as many bytes as it needs."""
        found, shift = 0, 0
        for _ in range(LONGEST):
            byte = self.byte()
            found |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return _of_64_bits(found)
        raise ValueError(f"a number of more than {LONGEST} bytes")

    def numbers(self, count: int) -> NDArray[np.uint64]:
        """The same, many of them."""
        self.expect(count)
        found = np.empty(count, np.uint64)
        done = 0
        while done < count:
            self._hold(1, LONGEST * (count - done))
            window = np.frombuffer(self._window, np.uint8, offset=self._at)[: LONGEST * (count - done)]
            ends = np.flatnonzero(window < 0x80)[: count - done]
            if len(ends):
                found[done : done + len(ends)] = _joined(window, ends)
                self._at += int(ends[-1]) + 1
                done += len(ends)
            elif len(window) >= LONGEST:
                raise ValueError(f"a number of more than {LONGEST} bytes")
            else:
                self._hold(len(window) + 1)
        return found

    def array(self, dtype: np.dtype[np.generic], count: int) -> NDArray[np.generic]:
        """Numbers of a fixed width."""
        return np.frombuffer(self.take(dtype.itemsize * count), dtype)

    def _hold(self, least: int, wanted: int = 0) -> None:
        """Have the next bytes in memory: as many as are asked for, and more if it helps."""
        self.expect(least)
        if least <= len(self._window) - self._at >= min(wanted, WINDOW // 2, self._size - self.at):
            return
        kept = self._window[self._at :]
        self._before += self._at
        read = self._file.read(max(least, WINDOW) - len(kept))
        self._window, self._at = kept + read, 0
        if len(self._window) < least:
            raise ValueError("a file that became shorter while it was read")


def _joined(window: NDArray[np.uint8], ends: NDArray[np.intp]) -> NDArray[np.uint64]:
    """Numbers whose last bytes are at `ends`, each with its lowest seven bits first."""
    lengths = np.diff(ends, prepend=-1)
    starts = ends - lengths + 1
    longest = int(lengths.max())
    if longest > LONGEST:
        raise ValueError(f"a number of more than {LONGEST} bytes")
    found = (window[starts] & 0x7F).astype(np.uint64)
    for place in range(1, longest):
        there = np.flatnonzero(lengths > place)
        more = (window[starts[there] + place] & 0x7F).astype(np.uint64)
        if place == LONGEST - 1:
            _of_64_bits(int(more.max()) << 7 * place)
        found[there] |= more << np.uint64(7 * place)
    return found


def _of_64_bits(number: int) -> int:
    if number >> 64:
        raise ValueError(f"a number of {number.bit_length()} bits")
    return number
