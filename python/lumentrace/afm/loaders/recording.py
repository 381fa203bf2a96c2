"""What loaders have in common: frames that have a file each, and channels by their names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from lumentrace.base.errors import FormatError

from ..frames import Floats, FrameSource


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
        for number, image in enumerate(images):
            if (image.shape, image.unit) != (first.shape, first.unit):
                raise FormatError(
                    f"{image.path}: expected {first.shape} pixels in {first.unit}, as in {first.path.name}, "
                    f"found {image.shape} in {image.unit} (frame {number})"
                )
        self._images = images
        self.shape = (len(images), *images[0].shape)

    def read(self, frames: range) -> Floats:
        """Frames of given numbers."""
        values = np.empty((len(frames), *self.shape[1:]))
        for place, number in enumerate(frames):
            values[place] = self._images[number].read()
        return values


HEIGHTS = (
    *("height_trace", "measuredheight_trace", "tp", "height", "height sensor", "zsensor", "zsensor_trace"),
    *("topography_trace", "topography", "image"),
    *("height_retrace", "measuredheight_retrace", "height sensor_retrace", "zsensor_retrace", "topography_retrace"),
)
"""Channels that 'height' and 'height_trace' may mean, in order; 'image' is that of TopoStats."""


def choose(channel: str, available: Sequence[str], path: object) -> str:
    """The channel that is meant: by its name in any case, as the height, or as the only direction that was recorded.

    Blanks and underscores do not count: 'HeightTrace' is 'height_trace'.

    Raises
    ------
    ValueError
        If it is not there; the message lists those that are.
    """
    keys = {_key(name): name for name in reversed(available)}
    if channel in available:
        return channel
    if _key(channel) in keys:
        return keys[_key(channel)]
    if _key(channel) in ("height", "heighttrace", "topography"):
        for name in HEIGHTS:
            if _key(name) in keys:
                return keys[_key(name)]
    directions = [name for key, name in keys.items() if re.sub(r"(re)?trace$", "", key) == _key(channel)]
    if len(directions) == 1:
        return directions[0]
    raise ValueError(f"{path}: expected a channel among {', '.join(available) or 'none at all'}, found {channel!r}")


def _key(name: str) -> str:
    return re.sub(r"[ _]", "", name.lower())
