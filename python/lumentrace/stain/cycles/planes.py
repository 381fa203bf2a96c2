"""The channels of one image or of one per cycle, one after the other, on the grid of the first."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base import mapping
from lumentrace.base.errors import FormatError
from lumentrace.data.lazy_image import LazyImage
from lumentrace.stain.files.planes import room
from lumentrace.stain.prepare.whole_image import bands
from lumentrace.stain.registration.register import register
from lumentrace.stain.registration.result import Registration
from lumentrace.storage import open_image

CHANNELS = "CSQI"
"""Letters of what may be the axis of channels: Q and I are pages of which a TIFF file says nothing."""
TYPES = ("uint8", "uint16", "uint32", "float32")

Pixels = NDArray[Any]
Path_ = str | os.PathLike[str]


@dataclass(frozen=True, eq=False)
class Channel:
    """A plane, read band by band.

    Attributes
    ----------
    image : LazyImage
        (rows, columns)
    shape : tuple of int
        Of the first cycle, whose grid it is put on.
    registration : Registration or None
        From the grid of the first cycle to its own.
    """

    image: LazyImage
    shape: tuple[int, int]
    registration: Registration | None = None

    def blocks(self) -> Iterator[Pixels]:
        """All rows on the grid of the first cycle, some at a time; as `rows` says."""
        if self.registration is None:
            for first, end in bands(self.shape[0]):
                yield self.image.read(Y=slice(first, end))
            return
        whole = self.own()
        for first, end in bands(self.shape[0]):
            found = self.registration.warp_rows(whole, first, end - first)
            yield _as_type(found, self.image.dtype)
            mapping.release(whole)

    def whole(self) -> Pixels:
        """All rows on the grid of the first cycle; large ones are on disk."""
        return _gathered(self.blocks(), self.shape, self.image.dtype)

    def own(self) -> Pixels:
        """All rows as they were taken; large ones are on disk."""
        height, width = self.image.shape
        blocks = (self.image.read(Y=slice(first, end)) for first, end in bands(height))
        return _gathered(blocks, (height, width), self.image.dtype)


@dataclass(frozen=True)
class Cycles:
    """The channels of all cycles.

    Attributes
    ----------
    channels : tuple of Channel
    spacing : dict
        Micrometres from pixel to pixel of the first cycle, as far as they are known.
    registrations : dict
        By the number of the cycle, from 1 on, if they were asked for.
    cycles : tuple of int
        Of which cycle each channel is, from 0 on.
    """

    channels: tuple[Channel, ...]
    spacing: Mapping[str, float]
    cycles: tuple[int, ...]
    registrations: Mapping[int, Registration] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.channels[0].shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the pixels."""
        return self.channels[0].image.dtype


@contextmanager
def open_cycles(paths: Sequence[Path_], names: Sequence[str], register_by: str | None = None) -> Iterator[Cycles]:
    """Open the channels of one image or of several.

    Parameters
    ----------
    paths : sequence of path
        An image with all channels, or one per cycle.
    names : sequence of str
        Of all channels.
    register_by : str, optional
        What the name of one channel in each cycle begins with: all cycles are registered on it with the first.

    Raises
    ------
    FormatError
        If an image is damaged, has other axes than channels, rows and columns, or does not fit the others or the names.
    ValueError
        If there is no such channel in a cycle, or several; or a cycle cannot be registered.
    OSError
        If one cannot be read.
    """
    with ExitStack() as stack:
        files = [_planes(path, stack.enter_context(open_image(path))) for path in paths]
        planes = [plane for file in files for plane in file]
        if len(planes) != len(names):
            raise FormatError(
                f"{', '.join(map(str, paths))}: expected {len(names)} channels, as the table of markers has, "
                f"found {len(planes)}"
            )
        shape = _same(paths, files, register_by is not None)
        cycles = [number for number, file in enumerate(files) for _ in file]
        maps = {} if register_by is None else _registered(paths, planes, cycles, names, register_by)
        channels = tuple(Channel(plane, shape, maps.get(cycle)) for plane, cycle in zip(planes, cycles, strict=True))
        yield Cycles(channels, files[0][0].spacing, tuple(cycles), maps)


def _planes(path: Path_, image: LazyImage) -> list[LazyImage]:
    """The planes of an image."""
    single = {
        axis: 0 for axis, length in zip(image.axes, image.shape, strict=True) if length == 1 and axis not in "CYX"
    }
    left = image.select(**single)
    if left.axes not in ("YX", *(f"{axis}YX" for axis in CHANNELS), "YXS"):
        found = ", ".join(f"{axis} {length}" for axis, length in zip(image.axes, image.shape, strict=True))
        raise FormatError(f"{path}: expected channels, rows and columns (CYX), found {found}")
    if image.dtype.name not in TYPES:
        raise FormatError(f"{path}: expected pixels of {', '.join(TYPES)}, found {image.dtype}")
    axis = next((axis for axis in left.axes if axis in CHANNELS), None)
    if axis is None:
        return [left]
    return [left.select(**{axis: number}) for number in range(left.shape[left.axes.index(axis)])]


def _same(paths: Sequence[Path_], files: Sequence[Sequence[LazyImage]], sizes: bool) -> tuple[int, int]:
    """Rows and columns of the first image; the others must fit it."""
    first = files[0][0]
    for path, (plane, *_) in zip(paths, files, strict=True):
        if plane.dtype != first.dtype:
            raise FormatError(f"{path}: expected pixels of {first.dtype} as in {paths[0]}, found {plane.dtype}")
        if plane.shape != first.shape and not sizes:
            raise FormatError(
                f"{path}: expected {first.shape[0]} x {first.shape[1]} pixels as in {paths[0]}, found "
                f"{plane.shape[0]} x {plane.shape[1]}; cycles that are not on one grid have to be registered"
            )
    return first.shape[0], first.shape[1]


def _registered(
    paths: Sequence[Path_], planes: Sequence[LazyImage], cycles: Sequence[int], names: Sequence[str], begin: str
) -> dict[int, Registration]:
    """The maps from the first cycle to each of the others, on the channel whose name begins so."""
    chosen = []
    for number, path in enumerate(paths):
        own = [place for place, cycle in enumerate(cycles) if cycle == number]
        found = [place for place in own if names[place].startswith(begin)]
        if len(found) != 1:
            listed = ", ".join(names[place] for place in own)
            raise ValueError(f"`register`: expected one channel of {path} to begin with {begin!r}, found {listed}")
        chosen.append(Channel(planes[found[0]], (planes[found[0]].shape[0], planes[found[0]].shape[1])).own())
    maps = {}
    for number, moving in enumerate(chosen[1:], 1):
        try:
            maps[number] = register(chosen[0], moving)
        except ValueError as error:
            raise ValueError(f"{paths[number]}: cannot be registered with {paths[0]}: {error}") from error
    return maps


def _gathered(blocks: Iterator[Pixels], shape: tuple[int, int], dtype: np.dtype[Any]) -> Pixels:
    whole, first = room(shape, dtype), 0
    for block in blocks:
        whole[first : first + len(block)] = block
        first += len(block)
        mapping.release(whole)
    return whole


def _as_type(rows: NDArray[np.float32], dtype: np.dtype[Any]) -> Pixels:
    """Pixels that were interpolated in the type of the image; 0 where whole numbers have nothing."""
    if dtype.kind == "f":
        return rows
    return np.clip(np.rint(np.nan_to_num(rows, nan=0.0)), 0, np.iinfo(dtype).max).astype(dtype)
