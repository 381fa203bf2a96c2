"""Frames of a film, in memory or still in their file, and what is read with them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class FrameSource(ABC):
    """Frames on disk.

    Attributes
    ----------
    shape : tuple of int
        (frames, height, width)
    """

    shape: tuple[int, int, int]

    @abstractmethod
    def read(self, frames: range) -> Floats:
        """Frames (n, height, width) of given numbers."""


def as_slice(numbers: range) -> slice:
    """The slice that picks these numbers."""
    return slice(numbers.start, None if numbers.stop < 0 else numbers.stop, numbers.step)


class Part(FrameSource):
    """Some frames of another source.

    Parameters
    ----------
    source : FrameSource
    frames : range
        Their numbers there.
    """

    def __init__(self, source: FrameSource, frames: range):
        self._source, self._frames = source, frames
        self.shape = (len(frames), *source.shape[1:])

    def read(self, frames: range) -> Floats:
        """Frames of given numbers."""
        return self._source.read(self._frames[as_slice(frames)])


class Loaded(FrameSource):
    """Frames in memory.

    Parameters
    ----------
    data : ndarray
    """

    def __init__(self, data: NDArray[Any]):
        self._data = data
        self.shape = (data.shape[0], data.shape[1], data.shape[2])

    def read(self, frames: range) -> NDArray[Any]:
        """Frames of given numbers."""
        return self._data[as_slice(frames)]


@dataclass(frozen=True)
class Recording:
    """One channel of a file.

    Attributes
    ----------
    source : FrameSource
    channel : str
    unit : str
        Of the values: 'nm', 'deg', 'V', or empty if the file does not say.
    pixel_size_nm : tuple of float
        Along the fast axis x and the slow axis y.
    frame_metadata : list of dict
    acquisition : dict
        What else the file says.
    """

    source: FrameSource
    channel: str
    unit: str
    pixel_size_nm: tuple[float, float]
    frame_metadata: list[dict[str, Any]] = field(default_factory=list)
    acquisition: dict[str, Any] = field(default_factory=dict)
