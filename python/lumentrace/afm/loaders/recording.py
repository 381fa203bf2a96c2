"""What a loader finds in a file, and frames that stay there until they are read."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.errors import FormatError

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


class Image(Protocol):
    """A frame in a file of its own."""

    @property
    def path(self) -> Path:
        """The file."""

    @property
    def unit(self) -> str:
        """Of the values."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""

    def read(self) -> Floats:
        """The values."""


class ImageFrames(FrameSource):
    """Frames, a file each.

    Parameters
    ----------
    images : sequence of Image

    Raises
    ------
    FormatError
        If one has another shape or unit than the first.
    """

    def __init__(self, images: Sequence[Image]):
        first = images[0]
        for image in images:
            if (image.shape, image.unit) != (first.shape, first.unit):
                raise FormatError(
                    f"{image.path}: expected {first.shape} pixels in {first.unit}, as in {first.path.name}, "
                    f"found {image.shape} in {image.unit}"
                )
        self._images = images
        self.shape = (len(images), *images[0].shape)

    def read(self, frames: range) -> Floats:
        """Frames of given numbers."""
        values = np.empty((len(frames), *self.shape[1:]))
        for place, number in enumerate(frames):
            values[place] = self._images[number].read()
        return values


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


HEIGHTS = (
    *("height_trace", "measuredheight_trace", "tp", "height", "height sensor", "zsensor"),
    *("height_retrace", "measuredheight_retrace", "height sensor_retrace", "zsensor_retrace"),
)
"""Channels that 'height' and 'height_trace' may mean, in order."""


def choose(channel: str, available: Sequence[str], path: object) -> str:
    """The channel that is meant: by its name in any case, as the height, or as the only direction that was recorded.

    Raises
    ------
    ValueError
        If it is not there; the message lists those that are.
    """
    lower = {name.lower(): name for name in reversed(available)}
    if channel in available:
        return channel
    if channel.lower() in lower:
        return lower[channel.lower()]
    if channel.lower() in ("height", "height_trace", "topography"):
        for name in HEIGHTS:
            if name in lower:
                return lower[name]
    directions = [name for name in available if re.sub(r"_(re)?trace$", "", name.lower()) == channel.lower()]
    if len(directions) == 1:
        return directions[0]
    raise ValueError(f"{path}: expected a channel among {', '.join(available) or 'none at all'}, found {channel!r}")
