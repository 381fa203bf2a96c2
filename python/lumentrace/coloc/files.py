"""The channels of image files, as a run takes them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.errors import FormatError
from lumentrace.storage import Picture, read_tiff
from lumentrace.storage.tiff import SUFFIXES

COLOURS = ("red", "green", "blue", "alpha")
CHANNEL_AXES = "CS"
OTHERS = {"T": "time points", "Z": "slices"}
MOST_CHANNELS = 16


@dataclass(frozen=True)
class Channels:
    """Channels by name, and what is known about their other axes."""

    pixels: dict[str, NDArray[Any]]
    axes: str
    spacing: dict[str, float]
    guessed: bool = False


def images(paths: list[Path]) -> list[Path]:
    """The files named, and the TIFF files of the folders named.

    Raises
    ------
    FormatError
        If a folder has none.
    """
    found = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        inside = sorted(file for file in path.iterdir() if file.name.lower().endswith(SUFFIXES))
        if not inside:
            raise FormatError(f"{path}: expected TIFF files in the folder, found none")
        found += inside
    return found


def read(path: Path, axis: int | None) -> Channels:
    """The channels of one file, along `axis` or along the one that the file calls so.

    Raises
    ------
    FormatError
        If the file is damaged or does not say where its channels are.
    """
    return channels_of(path, read_tiff(path), axis)


def channels_of(path: Path, picture: Picture, axis: int | None) -> Channels:
    """The channels of what was read from a file; see `read`."""
    place = _channel_axis(path, picture.axes, picture.pixels.shape) if axis is None else axis
    if not -picture.pixels.ndim <= place < picture.pixels.ndim:
        raise ValueError(
            f"channel_axis (--channel-axis): expected an axis of {path}, shape {picture.pixels.shape}, found {place}"
        )
    place %= picture.pixels.ndim
    channels = np.moveaxis(picture.pixels, place, 0)
    names = picture.channel_names
    if picture.axes[place] == "S":
        names = list(COLOURS[: len(channels)])
    if len(names) != len(channels) or len(set(names)) < len(names):
        names = [f"c{number}" for number in range(len(channels))]
    axes = picture.axes[:place] + picture.axes[place + 1 :]
    guessed = axis is None and not _is_named(picture.axes, place)
    return Channels(dict(zip(names, channels, strict=True)), axes, picture.spacing, guessed)


def together(paths: list[Path]) -> Channels:
    """Files of one channel each as the channels of one image, named after the files.

    Raises
    ------
    FormatError
        If they differ in shape.
    """
    pictures = {path.name.split(".")[0]: read_tiff(path) for path in paths}
    first = next(iter(pictures.values()))
    for path, picture in zip(paths, pictures.values(), strict=True):
        if picture.pixels.shape != first.pixels.shape:
            raise FormatError(
                f"{path}: expected shape {first.pixels.shape}, as of {paths[0]}, found {picture.pixels.shape}"
            )
    return Channels({name: picture.pixels for name, picture in pictures.items()}, first.axes, first.spacing)


def _is_named(axes: str, place: int) -> bool:
    """Whether the file calls this axis one of channels; pages may be called colours by mistake, but not at the end."""
    return axes[place] == "C" or (axes[place] == "S" and place == len(axes) - 1)


def _channel_axis(path: Path, axes: str, shape: tuple[int, ...]) -> int:
    for letter in CHANNEL_AXES:
        if letter in axes:
            return axes.index(letter)
    shortest = int(np.argmin(shape))
    if len(shape) == 3 and min(shape) <= MOST_CHANNELS < sorted(shape)[1] and axes[shortest] not in OTHERS:
        return shortest
    named = [f"{letter} are {OTHERS[letter]}" for letter in axes if letter in OTHERS]
    raise FormatError(
        f"{path}: expected an axis of channels, found axes {', '.join([axes, *named])} of shape {shape}; "
        "name it (--channel-axis), or give one file per channel (--together)"
    )


def chosen(channels: Channels, wanted: str | None) -> Channels:
    """The channels named, by name or number.

    Raises
    ------
    ValueError
        If there is no such channel, or fewer than two are left.
    """
    names = list(channels.pixels)
    if wanted is not None:
        names = [_name(word.strip(), names) for word in wanted.split(",")]
    if len(names) < 2:
        raise ValueError(f"expected at least two channels, found {', '.join(names) or 'none'}")
    return replace(channels, pixels={name: channels.pixels[name] for name in names})


def _name(word: str, names: list[str]) -> str:
    if word in names:
        return word
    if word.isdigit() and int(word) < len(names):
        return names[int(word)]
    raise ValueError(f"expected a channel among {', '.join(names)} or 0 to {len(names) - 1}, found {word!r}")


def pairs(text: str, names: list[str]) -> Any:
    """Pairs of channels from "all" or "dna:tub,0:2".

    Raises
    ------
    ValueError
        If a pair is not two channels.
    """
    if text == "all":
        return "all"
    found = []
    for word in text.split(","):
        both = word.split(":")
        if len(both) != 2:
            raise ValueError(f"pairs (--pairs): expected 'all' or pairs like dna:tub, found {word!r}")
        found.append((_name(both[0].strip(), names), _name(both[1].strip(), names)))
    return found


def labels_for(path: Path, labels: Path | None) -> NDArray[Any] | None:
    """The label image for an image: `labels` itself, or the file of the same name in that folder.

    Raises
    ------
    FormatError
        If it is missing or holds no whole numbers.
    """
    if labels is None:
        return None
    file = labels / path.name if labels.is_dir() else labels
    if not file.exists():
        raise FormatError(f"{file}: expected the labels of {path}, found no such file")
    pixels = read_tiff(file).pixels
    if pixels.dtype.kind not in "bui":
        raise FormatError(f"{file}: expected labels of whole numbers, found {pixels.dtype}")
    return pixels


def slice_axis(channels: Channels) -> int:
    """The axis of Z slices.

    Raises
    ------
    ValueError
        If there is none.
    """
    if "Z" in channels.axes:
        return channels.axes.index("Z")
    if len(channels.axes) == 3:
        return 0
    raise ValueError(f"slices (--slices): expected an image with slices, found axes {channels.axes}")
