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
class Derived:
    """An image whose values are made of stored numbers."""

    stored: Stored

    @property
    def path(self) -> Path:
        """The file."""
        return self.stored.path

    @property
    def unit(self) -> str:
        """Of the values."""
        return self.stored.unit

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.stored.shape


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


@dataclass(frozen=True)
class ImageFormat:
    """A format of single images, of which a folder is a film.

    Attributes
    ----------
    suffixes : tuple of str
        Endings of its files.
    pictures : callable
        The channels of a file, by their names.
    """

    suffixes: tuple[str, ...]
    pictures: Callable[[Path], Mapping[str, Picture]]

    def is_one(self, path: Path) -> bool:
        """Whether the name of a file is one of this format."""
        return path.suffix.lower() in self.suffixes

    def files(self, path: Path) -> list[Path]:
        """The files of a folder, by name; or the file itself."""
        return sorted(filter(self.is_one, path.iterdir())) if path.is_dir() else [path]

    def channels(self, path: Path) -> list[str]:
        """Names of the channels of the first file."""
        return list(self.pictures(self.files(path)[0]))

    def read(self, path: Path, channel: str, *, pixel_size_nm: float | None = None) -> Recording:
        """Read one channel of all files of a folder, or of one file.

        Parameters
        ----------
        path : Path
        channel : str
            As `channels` has it.
        pixel_size_nm : float, optional
            For files that do not say.

        Raises
        ------
        FormatError
            If a file is damaged, no image, or its frame has another size or unit than the first.
        ValueError
            If the channel is not there, or the size of a pixel is not known.
        """
        frames: list[Picture] = []
        for file in self.files(path):
            available = self.pictures(file)
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
        {"timestamp": None, **frame.metadata, "frame_pixel_size_nm": size[0]}
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
    dated = all(isinstance(epoch, int) for epoch in epochs)
    if len(metadata) > 1 and dated and all(entry["timestamp"] is None for entry in metadata):
        for entry in metadata:
            entry["timestamp"] = (entry["start_epoch_ms"] - epochs[0]) / 1000
