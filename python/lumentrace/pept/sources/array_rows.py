"""Lines of response from a `.npy` array that comes piece by piece."""

from __future__ import annotations

import io
import math
from tokenize import TokenError

import numpy as np

from lumentrace.base.errors import FormatError
from lumentrace.pept.sources.block import COLUMNS, Block

MAGIC = np.lib.format.MAGIC_PREFIX
"""How a `.npy` file begins."""
_MOST_HEADER = 2**16
_MOST_ROW = 2**20
"""Bytes of a row, which is waited for."""
_READERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


class ArrayRows:
    """Reads the rows of a `.npy` array from pieces of any length, until there are as many as its header says.

    Parameters
    ----------
    name : str
        Name of the array in messages.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._rest = b""
        self._width = 0
        self._dtype = np.dtype(np.float64)
        self._whole = self._left = math.inf

    @property
    def ended(self) -> bool:
        """Whether all rows are there."""
        return self._left <= 0

    def feed(self, data: bytes) -> Block:
        """Take the next bytes; gives the rows that they complete.

        Raises
        ------
        FormatError
            If it is not an array of lines.
        """
        self._rest += data
        if not self._width and not self._header():
            return Block()
        size = self._width * self._dtype.itemsize
        count = int(min(len(self._rest) // size, self._left))
        table = np.frombuffer(self._rest, self._dtype, count * self._width).reshape(count, self._width)
        self._rest = self._rest[count * size :]
        self._left -= count
        return Block(table[:, :COLUMNS].astype(np.float64))

    def finish(self) -> Block:
        """Say that no more bytes come."""
        if not self._width:
            raise FormatError(f"{self._name}: expected a .npy array of numbers, found the beginning of its header")
        if self.ended:
            return Block()
        return Block(notices=(f"{self._name}: ends {self._left} rows before the {self._whole} that its header says",))

    def _header(self) -> bool:
        """Read the header, once it is there as a whole."""
        file = io.BytesIO(self._rest)
        try:
            version = np.lib.format.read_magic(file)
            shape, fortran, dtype = _READERS[version](file)
        except (ValueError, LookupError, TypeError, SyntaxError, RecursionError, TokenError) as error:
            if len(self._rest) < _MOST_HEADER and (self._rest[: len(MAGIC)] == MAGIC[: len(self._rest)]):
                return False
            raise FormatError(f"{self._name}: expected a .npy array of numbers, found {error}") from None
        wide = len(shape) == 2 and shape[1] * dtype.itemsize > _MOST_ROW
        if len(shape) != 2 or shape[0] < 0 or shape[1] < COLUMNS or wide or dtype.kind not in "fiu" or fortran:
            order = "columns one after another" if fortran else "rows"
            raise FormatError(
                f"{self._name}: expected rows of at least {COLUMNS} numbers, found {dtype} of shape {shape} as {order}"
            )
        self._dtype, self._width, self._whole = dtype, shape[1], shape[0]
        self._left, self._rest = shape[0], self._rest[file.tell() :]
        return True
