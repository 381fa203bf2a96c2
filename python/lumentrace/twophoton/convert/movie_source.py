"""What a movie needs to be converted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core
from lumentrace.base.errors import FormatError
from lumentrace.storage.chunks import TYPES

Span = tuple[int, int]


class MovieSource(ABC):
    """Frames that are read a few at a time.

    Attributes
    ----------
    path : path
        Where they are.
    dataset : str
        Their name in there.
    orientation : str
        How rows and columns lie in there.
    """

    path: Path
    dataset: str
    orientation: str

    @property
    @abstractmethod
    def shape(self) -> tuple[int, int, int]:
        """Frames, rows, columns."""

    @property
    @abstractmethod
    def dtype(self) -> np.dtype[Any]:
        """Of the frames."""

    @abstractmethod
    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Frames from `start` up to `stop`."""

    def frames(self, start: int, stop: int) -> tuple[_core.MovieFrames, Span, bool]:
        """Some frames for kernels: what holds them, which of it they are, and whether rows are columns there."""
        return _core.MovieFrames.memory(self._plain(self.read(start, stop))), (0, stop - start), False

    def _plain(self, block: NDArray[Any]) -> NDArray[Any]:
        """Frames of a type that kernels know; FormatError if that loses digits."""
        if block.dtype.name in TYPES:
            return np.ascontiguousarray(block, dtype=block.dtype.newbyteorder("="))
        values = np.ascontiguousarray(block, dtype=np.float64)
        if not np.array_equal(values.astype(block.dtype), block, equal_nan=block.dtype.kind == "f"):
            raise FormatError(f"{self.path}: expected numbers that a float of 64 bits holds, found {block.dtype}")
        return values
