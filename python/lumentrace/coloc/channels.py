"""Which axis of an image its channels lie along, and the pixels of those that are wanted."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lumentrace.base.digits import number_of
from lumentrace.base.errors import FormatError
from lumentrace.coloc.larger.reading import Pixels
from lumentrace.data.lazy_image import CHANNELS, COLOURS, LazyImage

OTHERS = {"T": "time points", "Z": "slices"}
MOST_CHANNELS = 16


@dataclass(frozen=True)
class Channels:
    """Channels by name, and what is known about their other axes."""

    pixels: dict[str, Pixels]
    axes: str
    spacing: dict[str, float]
    guessed: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """Of each of them."""
        return next(iter(self.pixels.values())).shape

    @property
    def are_lazy(self) -> bool:
        """Whether some are read piece by piece."""
        return any(isinstance(pixels, LazyImage) for pixels in self.pixels.values())


@dataclass(frozen=True)
class Found:
    """The channels of an image, of which nothing is read yet."""

    image: LazyImage
    place: int
    names: list[str]
    guessed: bool

    def read(self, names: list[str]) -> Channels:
        """The pixels of some channels; the others are read only where one chunk of the file holds several."""
        numbers = [self.names.index(name) for name in names]
        if self.image.chunks[self.place] > 1:
            whole = np.moveaxis(self.image.read(), self.place, 0)
            pixels = [whole[number] for number in numbers]
        else:
            before = (slice(None),) * self.place
            pixels = [self.image[(*before, number)] for number in numbers]
        axes = self.image.axes[: self.place] + self.image.axes[self.place + 1 :]
        return lean(Channels(dict(zip(names, pixels, strict=True)), axes, self.image.spacing, self.guessed))

    def views(self, names: list[str]) -> Channels:
        """The same of channels that are read piece by piece."""
        before = [slice(None)] * self.place
        pixels: dict[str, Pixels] = {name: self.image.part(*before, self.names.index(name)) for name in names}
        axes = self.image.axes[: self.place] + self.image.axes[self.place + 1 :]
        return lean(Channels(pixels, axes, self.image.spacing, self.guessed))


def find(image: LazyImage, name: object, axis: int | None = None, time: int | None = None) -> Found:
    """The channels of an image, along `axis` or along the one that is called so, at one time point or at all.

    Raises
    ------
    FormatError
        If it does not say where its channels are; the message begins with `name`.
    ValueError
        If it has no such axis or time point.
    """
    place = _channel_axis(name, image.axes, image.shape) if axis is None else axis
    if not -image.ndim <= place < image.ndim:
        raise ValueError(
            f"channel_axis (--channel-axis): expected an axis of {name}, shape {image.shape}, found {place}"
        )
    place %= image.ndim
    guessed = axis is None and not _is_named(image.axes, place)
    names = _names(image, place)
    letter = image.axes[place]
    if time is None:
        return Found(image, place, names, guessed)
    if letter == "T":
        raise ValueError(f"time (--time): expected time points beside the channels of {name}, found them as channels")
    before = image.axes[:place].count("T")
    return Found(at_time(image, name, time), place - before, names, guessed)


def at_level(image: LazyImage, name: object, level: int) -> LazyImage:
    """A smaller copy of an image; 0 is the image.

    Raises
    ------
    ValueError
        If it has no such copy.
    """
    if level not in range(len(image.levels)):
        raise ValueError(f"level (--level): expected 0 to {len(image.levels) - 1} for {name}, found {level}")
    return image.level(level)


def at_time(image: LazyImage, name: object, time: int) -> LazyImage:
    """One time point of an image.

    Raises
    ------
    ValueError
        If it has none, or no such one.
    """
    if "T" not in image.axes:
        raise ValueError(f"time (--time): expected time points in {name}, found axes {image.axes}")
    count = image.shape[image.axes.index("T")]
    if time not in range(count):
        raise ValueError(f"time (--time): expected 0 to {count - 1} for {name}, found {time}")
    return image.select(T=time)


def lean(channels: Channels) -> Channels:
    """Without time points, channels and slices of which there is only one: some formats always have these axes."""
    single = tuple(
        place
        for place, (axis, length) in enumerate(zip(channels.axes, channels.shape, strict=True))
        if axis in "TCZ" and length == 1
    )
    axes = "".join(axis for place, axis in enumerate(channels.axes) if place not in single)
    return replace(
        channels, pixels={name: _squeezed(pixels, single) for name, pixels in channels.pixels.items()}, axes=axes
    )


def _squeezed(pixels: Pixels, single: tuple[int, ...]) -> Pixels:
    if isinstance(pixels, LazyImage):
        return pixels.part(*[0 if place in single else slice(None) for place in range(pixels.ndim)])
    return pixels.squeeze(single)


def chosen(names: list[str], wanted: str) -> list[str]:
    """Those of the channels that are wanted, by name or number; all if nothing is.

    Raises
    ------
    ValueError
        If there is no such channel, or fewer than two are left.
    """
    found = [named(word.strip(), names) for word in wanted.split(",")] if wanted else names
    if len(set(found)) < 2:
        raise ValueError(f"expected at least two channels, found {', '.join(found) or 'none'}")
    return list(dict.fromkeys(found))


def named(word: str, names: list[str]) -> str:
    """The channel of this name or number.

    Raises
    ------
    ValueError
        If there is none.
    """
    if word in names:
        return word
    number = number_of(word)
    if number is not None and number < len(names):
        return names[number]
    raise ValueError(f"expected a channel among {', '.join(names)} or 0 to {len(names) - 1}, found {word!r}")


def _names(image: LazyImage, place: int) -> list[str]:
    """Names of the channels: those of the file where it has one for each, else numbers."""
    count = image.shape[place]
    names = list(COLOURS[:count] if image.axes[place] == "S" else image.channel_names)
    if len(names) != count or len(set(names)) < count:
        return [f"c{number}" for number in range(count)]
    return names


def _is_named(axes: str, place: int) -> bool:
    """Whether the file calls this axis one of channels; pages may be called colours by mistake, but not at the end."""
    return axes[place] == "C" or (axes[place] == "S" and place == len(axes) - 1)


def _channel_axis(name: object, axes: str, shape: tuple[int, ...]) -> int:
    for letter in CHANNELS:
        if letter in axes:
            return axes.index(letter)
    shortest = int(np.argmin(shape))
    if len(shape) == 3 and min(shape) <= MOST_CHANNELS < sorted(shape)[1] and axes[shortest] not in OTHERS:
        return shortest
    known = [f"{letter} are {OTHERS[letter]}" for letter in axes if letter in OTHERS]
    raise FormatError(
        f"{name}: expected an axis of channels, found axes {', '.join([axes, *known])} of shape {shape}; "
        "name it (--channel-axis), or give one file per channel (--together)"
    )
