"""The images and labels of a run: files, folders, and images that are open already."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from lumentrace.base.errors import FormatError
from lumentrace.coloc.channels import Channels, at_level, at_time, chosen, find, lean, named
from lumentrace.data.lazy_image import LazyImage
from lumentrace.storage import open_image
from lumentrace.storage.images.opening import SUFFIXES, ZARR
from lumentrace.storage.images.zarr_image import is_zarr


def images(paths: list[Path]) -> list[Path]:
    """The images named, and those in the folders named; a folder of OME-Zarr is an image.

    Raises
    ------
    FormatError
        If a folder has none.
    """
    found = []
    for path in paths:
        if not path.is_dir() or _is_image(path):
            found.append(path)
            continue
        inside = sorted(file for file in path.iterdir() if file.name.lower().endswith(SUFFIXES))
        if not inside:
            raise FormatError(f"{path}: expected images in the folder ({', '.join(SUFFIXES)}), found none")
        found += inside
    return found


def _is_image(folder: Path) -> bool:
    return folder.name.lower().endswith(ZARR) or is_zarr(folder)


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    return sum(each.stat().st_size for each in ([path] if path.is_file() else path.rglob("*")) if each.is_file())


def read(path: Path, axis: int | None, time: int | None = None, level: int = 0, wanted: str = "") -> Channels:
    """The channels of one file that are wanted, along `axis` or along the one that the file calls so.

    Raises
    ------
    FormatError
        If the file is damaged or does not say where its channels are.
    ValueError
        If it has no such axis, time point, smaller copy or channel.
    """
    with open_image(path) as image:
        return read_image(image, path, axis, time, level, wanted)


def read_image(image: LazyImage, name: object, axis: int | None, time: int | None, level: int, wanted: str) -> Channels:
    """The same of an image that is open; `name` is what messages call it."""
    found = find(at_level(image, name, level), name, axis, time)
    return found.read(chosen(found.names, wanted))


def together(paths: list[Path], time: int | None = None, level: int = 0, wanted: str = "") -> Channels:
    """Files of one channel each as the channels of one image, named after the files.

    Raises
    ------
    FormatError
        If one is damaged, or they differ in shape.
    ValueError
        If two are called the same, or there is no such time point, smaller copy or channel.
    """
    files = {path.name.split(".")[0]: path for path in paths}
    if len(files) < len(paths):
        raise ValueError(f"expected files of different names, as channels are called so, found {', '.join(files)}")
    single = {}
    for name in chosen(list(files), wanted):
        with _part(files[name], time, level) as image:
            single[name] = lean(Channels({name: image.read()}, image.axes, image.spacing))
    first, *others = single
    shape = single[first].pixels[first].shape
    for name in others:
        found = single[name].pixels[name].shape
        if found != shape:
            raise FormatError(f"{files[name]}: expected shape {shape}, as of {files[first]}, found {found}")
    return Channels(
        {name: each.pixels[name] for name, each in single.items()}, single[first].axes, single[first].spacing
    )


@contextmanager
def _part(path: Path, time: int | None, level: int) -> Iterator[LazyImage]:
    """One time point, or all, of an image or a smaller copy of it."""
    with open_image(path) as whole:
        image = at_level(whole, path, level)
        yield image if time is None else at_time(image, path, time)


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
        found.append((named(both[0].strip(), names), named(both[1].strip(), names)))
    return found


def labels_for(path: Path, labels: Path | None, time: int | None = None, level: int = 0) -> NDArray[Any] | None:
    """The label image for an image: `labels` itself, or the file of the same name in that folder.

    Labels without time points are taken for those of the time point that is measured, and labels without smaller
    copies for those of the copy.

    Raises
    ------
    FormatError
        If it is missing, damaged or holds no whole numbers.
    ValueError
        If it has no such time point or smaller copy.
    """
    if labels is None:
        return None
    file = labels / path.name if labels.is_dir() and not _is_image(labels) else labels
    if not file.exists():
        raise FormatError(f"{file}: expected the labels of {path}, found no such file")
    with open_image(file) as image:
        if image.dtype.kind not in "bui":
            raise FormatError(f"{file}: expected labels of whole numbers, found {image.dtype}")
        copy = at_level(image, file, level) if len(image.levels) > 1 else image
        part = at_time(copy, file, time) if time is not None and "T" in copy.axes else copy
        return lean(Channels({"": part.read()}, part.axes, {})).pixels[""]


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
