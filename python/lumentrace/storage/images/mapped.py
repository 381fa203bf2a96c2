"""Pixels that lie in a file one after the other, without compression."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

BAND = 1 << 20
"""Bytes that are best read at once."""


@dataclass(frozen=True)
class Mapped:
    """An array in a file from byte `offset` on; a part of it is mapped only while it is copied.

    Attributes
    ----------
    path : Path
    dtype : numpy.dtype
        As in the file; what is read has the byte order of the machine.
    shape : tuple of int
    offset : int
    """

    path: Path
    stored: np.dtype[Any]
    shape: tuple[int, ...]
    offset: int

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of what is read."""
        return self.stored.newbyteorder("=")

    @property
    def chunks(self) -> tuple[int, ...]:
        """Some rows of one plane."""
        rows = max(1, BAND // max(self.shape[-1] * self.stored.itemsize, 1))
        return (*[1] * (len(self.shape) - 2), min(rows, self.shape[-2]), self.shape[-1])

    @property
    def end(self) -> int:
        """The byte after the last one."""
        return self.offset + math.prod(self.shape) * self.stored.itemsize

    def __getitem__(self, place: Any) -> NDArray[Any]:
        """A copy of a part."""
        return np.array(np.memmap(self.path, self.stored, "r", self.offset, self.shape)[place], self.dtype)
