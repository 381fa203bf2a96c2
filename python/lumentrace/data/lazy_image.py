"""Images that are read piece by piece, with what is known about their axes, channels, pixels and times."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lumentrace.base import doors

SPATIAL = "ZYX"
CHANNELS = "CS"
"""Letters of axes of channels: C for channels, S for the samples of colour images."""
COLOURS = ("red", "green", "blue", "alpha")
PIECE = 1 << 26
"""Bytes that are read at a time."""

Damage = Callable[[], AbstractContextManager[None]]


class Source(Protocol):
    """What pixels are read from: a numpy, dask or zarr array, or anything that is cut by slices."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""

    @property
    def dtype(self) -> Any:
        """Of the pixels."""

    def __getitem__(self, place: Any) -> Any:
        """Some of the pixels."""


@dataclass(frozen=True)
class Level:
    """The image at one size.

    Attributes
    ----------
    source : Source
    spacing : dict
        Micrometres from pixel to pixel along X, Y and Z, as far as they are known.
    chunks : tuple of int
        Length along each axis of what is best read at once.
    """

    source: Source
    spacing: Mapping[str, float]
    chunks: tuple[int, ...]


@dataclass(frozen=True)
class About:
    """What is known about an image beside its pixels; empty where it is not.

    Attributes
    ----------
    name : str
    channels : tuple of str
        Names.
    colours : tuple of str
        Of the channels, as ``#rrggbb``.
    times : tuple of float
        Seconds, for each time point.
    path : Path or None
        Of the file or folder.
    """

    name: str = ""
    channels: tuple[str, ...] = ()
    colours: tuple[str, ...] = ()
    times: tuple[float, ...] = ()
    path: Path | None = None


@dataclass(frozen=True, eq=False)
class LazyImage:
    """An image of which only the pixels that are asked for are read; `lumentrace.storage.open_image` opens one.

    Parts are chosen by the letter of their axis with `select` and `channel`; nothing is read until `read`, `blocks`,
    square brackets or ``numpy.asarray``.

    Attributes
    ----------
    levels : tuple of Level
        From the full size to the smallest copy; the first is the image.
    about : About
    names : str
        A letter for each axis of the file: C for channels, S for the samples of colours, T, Z, Y, X, or Q for what the
        file does not name.
    chosen : tuple of int or slice
        What was chosen along each of them.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace.storage import open_image
    >>> image = open_image(np.zeros((2, 5, 64, 48), "uint16"), axes="CZYX", channels=("dna", "actin"))
    >>> image.channel("actin").select(Z=slice(1, 3)).read(Y=slice(0, 8)).shape
    (2, 8, 48)
    """

    levels: tuple[Level, ...] = field(repr=False)
    about: About
    names: str
    chosen: tuple[int | slice, ...] = field(repr=False)
    damage: Damage = field(default=nullcontext, repr=False)
    finish: Callable[[], None] = field(default=lambda: None, repr=False)

    def __enter__(self) -> LazyImage:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, for all images that were chosen from it too."""
        self.finish()

    @property
    def axes(self) -> str:
        """A letter for each axis."""
        return "".join(letter for letter, part in zip(self.names, self.chosen, strict=True) if isinstance(part, slice))

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        return tuple(part.stop - part.start for part in self.chosen if isinstance(part, slice))

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of pixels."""
        return math.prod(self.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the pixels."""
        dtype: np.dtype[Any] = np.dtype(self.levels[0].source.dtype)
        return dtype

    @property
    def nbytes(self) -> int:
        """Bytes that all pixels take in memory."""
        return self.size * self.dtype.itemsize

    @property
    def chunks(self) -> tuple[int, ...]:
        """Length along each axis of what is best read at once."""
        lengths = zip(self.levels[0].chunks, self.chosen, strict=True)
        return tuple(min(chunk, part.stop - part.start) for chunk, part in lengths if isinstance(part, slice))

    @property
    def spacing(self) -> dict[str, float]:
        """Micrometres from pixel to pixel along X, Y and Z, as far as they are known."""
        return {axis: size for axis, size in self.levels[0].spacing.items() if axis in self.axes}

    @property
    def channel_axis(self) -> int | None:
        """The axis of channels; None if there is none."""
        found = [self.axes.index(letter) for letter in CHANNELS if letter in self.axes]
        return found[0] if found else None

    @property
    def channel_names(self) -> tuple[str, ...]:
        """Names of the channels that are left; empty where they have none."""
        return self._along(CHANNELS, self.about.channels)

    @property
    def colours(self) -> tuple[str, ...]:
        """Colours of the channels that are left, as ``#rrggbb``; empty where they have none."""
        return self._along(CHANNELS, self.about.colours)

    @property
    def times(self) -> tuple[float, ...]:
        """Seconds of the time points that are left; empty where the file does not say them."""
        return self._along("T", self.about.times)

    def _along(self, letters: str, values: tuple[Any, ...]) -> tuple[Any, ...]:
        for letter, part in zip(self.names, self.chosen, strict=True):
            if letter in letters and values:
                return values[part] if isinstance(part, slice) else (values[part],)
        return values

    def select(self, **parts: int | slice) -> LazyImage:
        """A part of the image.

        Parameters
        ----------
        **parts : int or slice
            By the letter of an axis. A number takes the axis away; steps of slices are 1.

        Raises
        ------
        ValueError
            If there is no such axis, or nothing is left of it.
        """
        unknown = [letter for letter in parts if letter not in self.axes]
        if unknown:
            raise ValueError(f"`select`: expected axes among {self.axes}, found {unknown[0]}")
        return self._cut([parts.get(letter, slice(None)) for letter in self.axes])

    def _cut(self, parts: Iterable[int | slice]) -> LazyImage:
        """A part of each axis that is left."""
        wanted = iter(parts)
        chosen = [
            _within(letter, old, next(wanted)) if isinstance(old, slice) else old
            for letter, old in zip(self.names, self.chosen, strict=True)
        ]
        return replace(self, chosen=tuple(chosen))

    def channel(self, name: str | int) -> LazyImage:
        """One channel.

        Raises
        ------
        ValueError
            If there is no such channel, or several are called so.
        """
        if self.channel_axis is None:
            raise ValueError(f"`channel`: expected an image with channels, found axes {self.axes}")
        count = self.shape[self.channel_axis]
        names = list(self.channel_names) or [f"c{number}" for number in range(count)]
        if isinstance(name, str) and names.count(name) == 1:
            name = names.index(name)
        if not isinstance(name, int) or not -count <= name < count:
            raise ValueError(f"`channel`: expected one of {', '.join(names)} or 0 to {count - 1}, found {name!r}")
        return self.select(**{self.axes[self.channel_axis]: name})

    def level(self, number: int) -> LazyImage:
        """The image at a smaller size: 0 is the full one.

        Raises
        ------
        ValueError
            If there is no such level, or a part was chosen along an axis that is shorter there.
        """
        if number not in range(len(self.levels)):
            raise ValueError(f"`level`: expected 0 to {len(self.levels) - 1}, found {number}")
        kept = self.levels[number:]
        chosen = list(self.chosen)
        old, new = self.levels[0].source.shape, kept[0].source.shape
        for axis, part in enumerate(self.chosen):
            if old[axis] == new[axis]:
                continue
            if part != slice(0, old[axis]):
                raise ValueError(f"`level`: expected all of axis {self.names[axis]}, of which a part was chosen before")
            chosen[axis] = slice(0, new[axis])
        return replace(self, levels=kept, chosen=tuple(chosen))

    def read(self, **parts: int | slice) -> NDArray[Any]:
        """The pixels, or those of a part (see `select`).

        Raises
        ------
        FormatError
            If the file is damaged there.
        """
        wanted = self.select(**parts) if parts else self
        with self.damage():
            return np.asarray(wanted.levels[0].source[wanted.chosen])

    def part(self, *places: int | slice) -> LazyImage:
        """A part of the image as an array is cut: numbers and slices, axis by axis.

        Raises
        ------
        IndexError
            If there are fewer axes.
        ValueError
            If nothing is left.
        """
        if len(places) > self.ndim:
            raise IndexError(f"expected at most {self.ndim} places for axes {self.axes}, found {len(places)}")
        return self._cut([*places, *[slice(None)] * (self.ndim - len(places))])

    def __getitem__(self, place: int | slice | tuple[int | slice, ...]) -> NDArray[Any]:
        """The pixels of a `part`."""
        return self.part(*(place if isinstance(place, tuple) else (place,))).read()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """All pixels."""
        return self.read() if dtype is None else self.read().astype(dtype, copy=False)

    def to_xarray(self) -> Any:
        """The image as an array of xarray, whose pixels are read when they are asked for.

        Returns
        -------
        xarray.DataArray
            With a letter for each axis, places in µm along X, Y and Z, times in s along T and names along C, as far as
            they are known. Closing it closes the file.

        Raises
        ------
        ImportError
            If xarray is not installed; it comes with ``pip install "lumentrace[xarray]"``.

        Examples
        --------
        >>> import numpy as np
        >>> from lumentrace.storage import open_image
        >>> image = open_image(np.ones((2, 8, 9), "uint8"), axes="CYX", channels=("dna", "actin"))
        >>> image.to_xarray().sel(C="actin").sum().item()
        72
        """
        return doors.through("image_to_xarray")(self)

    def pieces(self, most: int = PIECE) -> Iterator[dict[str, slice]]:
        """Parts that make up the image, each of whole chunks and at most so many bytes, if a chunk has no more.

        Yields
        ------
        dict
            A slice for each axis, for `read` and `select`; the last axis comes first to its end.
        """
        for place in self.places(most):
            yield dict(zip(self.axes, place, strict=True))

    def places(self, most: int = PIECE) -> Iterator[tuple[slice, ...]]:
        """The same parts as slices, axis by axis, for `part` and square brackets."""
        yield from _cut(self.shape, _piece(self.shape, self.chunks, max(most // self.dtype.itemsize, 1)))

    def blocks(self, most: int = PIECE) -> Iterator[tuple[dict[str, slice], NDArray[Any]]]:
        """The pixels of each of `pieces`."""
        for part in self.pieces(most):
            yield part, self.read(**part)


def _within(letter: str, old: slice, part: int | slice) -> int | slice:
    """A part of a part."""
    length = old.stop - old.start
    if isinstance(part, slice):
        start, stop, step = part.indices(length)
        if step != 1 or stop <= start:
            raise ValueError(f"`select`: expected {letter} to be some of 0 to {length - 1} by steps of 1, found {part}")
        return slice(old.start + start, old.start + stop)
    if not -length <= part < length:
        raise ValueError(f"`select`: expected {letter} from 0 to {length - 1}, found {part}")
    return int(old.start) + int(part % length)


def _piece(shape: Sequence[int], chunks: Sequence[int], most: int) -> list[int]:
    """Lengths of a part of whole chunks with at most so many pixels, as long as can be from the last axis on."""
    lengths = [min(chunk, length) for chunk, length in zip(chunks, shape, strict=True)]
    for axis in reversed(range(len(shape))):
        others = math.prod(lengths[:axis] + lengths[axis + 1 :])
        fit = max(most // max(others, 1) // lengths[axis], 1) * lengths[axis]
        lengths[axis] = min(fit, shape[axis])
        if lengths[axis] < shape[axis]:
            break
    return lengths


def _cut(shape: Sequence[int], lengths: Sequence[int]) -> Iterator[tuple[slice, ...]]:
    counts = [-(-length // step) for length, step in zip(shape, lengths, strict=True)]
    for place in np.ndindex(*counts):
        starts = [number * step for number, step in zip(place, lengths, strict=True)]
        yield tuple(
            slice(start, min(start + step, length)) for start, step, length in zip(starts, lengths, shape, strict=True)
        )


def lazy_image(
    levels: Sequence[Level],
    axes: str,
    about: About,
    damage: Damage = nullcontext,
    finish: Callable[[], None] = lambda: None,
) -> LazyImage:
    """The whole of an image."""
    shape = levels[0].source.shape
    return LazyImage(tuple(levels), about, axes, tuple(slice(0, length) for length in shape), damage, finish)
