"""What a movie needs to be converted."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class MovieSource(Protocol):
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

    @property
    def path(self) -> Path: ...  # noqa: D102  # described above

    @property
    def dataset(self) -> str: ...  # noqa: D102  # described above

    @property
    def orientation(self) -> str: ...  # noqa: D102  # described above

    @property
    def shape(self) -> tuple[int, int, int]:
        """Frames, rows, columns."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the frames."""

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Frames from `start` up to `stop`."""
