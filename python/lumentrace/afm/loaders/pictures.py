"""Images that say all about themselves, a file or several: what makes a recording of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lumentrace.base.errors import FormatError

from ..frames import Floats, Recording
from .recording import Image, ImageFrames, choose


@dataclass(frozen=True)
class Stored:
    """Numbers at a place of a file, row by row, and what they mean."""

    path: Path
    offset: int
    shape: tuple[int, int]
    dtype: str
    factor: float
    unit: str
    upside_down: bool = False

    def numbers(self) -> Floats:
        """As they are stored, without their meaning.

        Raises
        ------
        FormatError
            If the file is too short.
        """
        raw = np.fromfile(self.path, self.dtype, self.shape[0] * self.shape[1], offset=self.offset)
        if raw.size < self.shape[0] * self.shape[1]:
            raise FormatError(f"{self.path}: expected {self.shape[0]} x {self.shape[1]} pixels, found {raw.size:,}")
        values = raw.reshape(self.shape)
        return np.asarray(values[::-1] if self.upside_down else values, dtype=np.float64)

    def read(self) -> Floats:
        """Values, the first row on top of the picture."""
        return self.numbers() * self.factor


def check_stored(path: Path, what: str, offset: int, shape: tuple[int, int], itemsize: int) -> None:
    """Refuse an image that is none, or does not fit into its file.

    Raises
    ------
    FormatError
        If so.
    """
    found = path.stat().st_size
    if min(shape) < 1:
        raise FormatError(f"{path}: {what}: expected rows and columns, found {shape[0]} x {shape[1]}")
    end = offset + shape[0] * shape[1] * itemsize
    if end > found:
        raise FormatError(f"{path}: {what}: expected data up to byte {end:,}, found {found:,} bytes (cut off?)")


@dataclass(frozen=True)
class Picture:
    """A channel of an image.

    Attributes
    ----------
    image : Image
    pixel_nm : tuple of float, optional
        Along x and y; None if the file does not say.
    metadata : dict
        Of the frame; see `frame_metadata` of `lumentrace.afm.AFMImageStack`.
    acquisition : dict
    """

    image: Image
    pixel_nm: tuple[float, float] | None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    acquisition: Mapping[str, Any] = field(default_factory=dict)


def film(
    files: Sequence[Path],
    channel: str,
    opened: Callable[[Path], Mapping[str, Picture]],
    pixel_size_nm: float | None,
) -> Recording:
    """A recording of one channel of images that have a file each.

    Raises
    ------
    FormatError
        If one is damaged, or has another size or unit than the first.
    ValueError
        If the channel is not there, or the size of a pixel is not known.
    """
    frames: list[Picture] = []
    for file in files:
        available = opened(file)
        name = choose(channel, list(available), file)
        frames.append(available[name])
    return recording(frames, name, pixel_size_nm)


def recording(frames: Sequence[Picture], name: str, pixel_size_nm: float | None) -> Recording:
    """A recording of images of one channel, in their order.

    Raises
    ------
    FormatError
        If one has another size or unit than the first.
    ValueError
        If the size of a pixel is not known.
    """
    source = ImageFrames([frame.image for frame in frames])
    sizes = [_size(frame, pixel_size_nm) for frame in frames]
    metadata = [
        {"timestamp": None, "frame_pixel_size_nm": size[0], **frame.metadata}
        for frame, size in zip(frames, sizes, strict=True)
    ]
    count_from_the_first(metadata)
    return Recording(source, name, frames[0].image.unit, sizes[0], metadata, dict(frames[0].acquisition))


def _size(frame: Picture, stated: float | None) -> tuple[float, float]:
    if stated is not None:
        return stated, stated
    if frame.pixel_nm is None:
        raise undersized(frame.image.path)
    return frame.pixel_nm


def undersized(path: Path) -> ValueError:
    """The error of a file that does not say how large its pixels are."""
    return ValueError(f"{path}: does not say the size of a pixel; give `pixel_size_nm` (--pixel-size)")


def count_from_the_first(metadata: list[dict[str, Any]]) -> None:
    """Times from the dates of the files where these have no relative ones."""
    epochs = [entry.get("start_epoch_ms") for entry in metadata]
    if len(metadata) > 1 and all(entry["timestamp"] is None for entry in metadata) and None not in epochs:
        for entry in metadata:
            entry["timestamp"] = (entry["start_epoch_ms"] - epochs[0]) / 1000
