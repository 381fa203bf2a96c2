"""The images and labels of a run: files, folders, and images that are open already."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from lumentrace.base.errors import FormatError
from lumentrace.coloc.channels import Channels, at_level, at_time, chosen, find, lean, named
from lumentrace.coloc.larger.reading import Pixels, is_larger
from lumentrace.data.kept_open import kept_open
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

    Large ones are read piece by piece; the file is open as long as there are any.

    Raises
    ------
    FormatError
        If the file is damaged or does not say where its channels are.
    ValueError
        If it has no such axis, time point, smaller copy or channel.
    """
    with ExitStack() as stack:
        image = stack.enter_context(kept_open(open_image(path)))
        return _kept(read_image(image, path, axis, time, level, wanted), stack)


def read_image(image: LazyImage, name: object, axis: int | None, time: int | None, level: int, wanted: str) -> Channels:
    """The same of an image that is open; `name` is what messages call it."""
    found = find(at_level(image, name, level), name, axis, time)
    names = chosen(found.names, wanted)
    views = found.views(names)
    return views if is_larger(views.pixels.values()) else found.read(names)


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
    with ExitStack() as stack:
        for name in chosen(list(files), wanted):
            image = _part(stack.enter_context(kept_open(open_image(files[name]))), files[name], time, level)
            single[name] = lean(Channels({name: image}, image.axes, image.spacing))
        first, *others = single
        for name in others:
            if single[name].shape != single[first].shape:
                raise FormatError(
                    f"{files[name]}: expected shape {single[first].shape}, as of {files[first]}, found "
                    f"{single[name].shape}"
                )
        pixels = {name: each.pixels[name] for name, each in single.items()}
        if not is_larger(pixels.values()):
            pixels = {name: np.asarray(each) for name, each in pixels.items()}
        return _kept(Channels(pixels, single[first].axes, single[first].spacing), stack)


def _kept(found: Channels, stack: ExitStack) -> Channels:
    """What was found; files of channels that are read piece by piece stay open."""
    if found.are_lazy:
        stack.pop_all()
    return found


def _part(whole: LazyImage, path: Path, time: int | None, level: int) -> LazyImage:
    """One time point, or all, of an image or a smaller copy of it."""
    image = at_level(whole, path, level)
    return image if time is None else at_time(image, path, time)


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


def labels_for(path: Path, labels: Path | None, time: int | None = None, level: int = 0) -> Pixels | None:
    """The label image for an image: `labels` itself, or the file of the same name in that folder.

    Labels without time points are taken for those of the time point that is measured, and labels without smaller
    copies for those of the copy. Large ones are read piece by piece.

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
    with ExitStack() as stack:
        image = stack.enter_context(kept_open(open_image(file)))
        if image.dtype.kind not in "bui":
            raise FormatError(f"{file}: expected labels of whole numbers, found {image.dtype}")
        copy = at_level(image, file, level) if len(image.levels) > 1 else image
        part = at_time(copy, file, time) if time is not None and "T" in copy.axes else copy
        pixels: Pixels = part if is_larger([part]) else part.read()
        return _kept(lean(Channels({"": pixels}, part.axes, {})), stack).pixels[""]


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
