"""What a run is given: files, arrays and open images, as channels with where they are from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lumentrace.base.provenance import Provenance, content
from lumentrace.coloc import files
from lumentrace.coloc.channels import Channels, chosen
from lumentrace.coloc.larger.look import Look, look_at
from lumentrace.coloc.larger.reading import Pixels
from lumentrace.coloc.settings import Settings
from lumentrace.data.lazy_image import LazyImage
from lumentrace.storage import open_image

Source = str | PathLike[str] | Sequence[str | PathLike[str]] | Mapping[str, ArrayLike] | LazyImage


def looked_at(source: Source, own: Settings) -> Measured:
    """What is measured: the chosen channels, the labels of their regions, and where they are from."""
    name, image, identity = _read(source, own)
    labels = files.labels_for(Path(name), Path(own.labels) if own.labels else None, own.time, own.level)
    if image.are_lazy or isinstance(labels, LazyImage):
        look = look_at(image.pixels, labels)
        return Measured(image, labels, look, Provenance({**identity, "xxh3": look.hashes}, seed=own.seed))
    hashes = {channel: content(np.asarray(pixels)) for channel, pixels in image.pixels.items()}
    return Measured(image, labels, None, Provenance({**identity, "xxh3": hashes}, seed=own.seed))


@dataclass(frozen=True)
class Measured:
    """What a run is given.

    Attributes
    ----------
    image : Channels
    labels : ndarray, LazyImage or None
    look : Look or None
        At images that are read piece by piece.
    history : Provenance
    """

    image: Channels
    labels: Pixels | None
    look: Look | None
    history: Provenance

    @property
    def labels_hash(self) -> str | None:
        """Content hash of the labels."""
        if self.look is not None:
            return self.look.labels_hash
        return None if self.labels is None else content(np.asarray(self.labels))


def _read(source: Source, own: Settings) -> tuple[str, Channels, dict[str, Any]]:
    """Name, channels and identity of an image."""
    if isinstance(source, Mapping):
        return "arrays", *_named_arrays(source, own)
    if hasattr(source, "dtype"):
        return _read_open(source if isinstance(source, LazyImage) else _image_of(source, own.channel_axis), own)
    if isinstance(source, (str, PathLike)):
        path = Path(source)
        found = files.read(path, own.channel_axis, own.time, own.level, own.channels)
        return str(path), found, {"path": str(path), "bytes": files.size_of(path)}
    paths = [Path(each) for each in source]
    identity = {"path": [str(path) for path in paths], "bytes": sum(map(files.size_of, paths))}
    return str(paths[0]), files.together(paths, own.time, own.level, own.channels), identity


def _named_arrays(source: Mapping[str, ArrayLike], own: Settings) -> tuple[Channels, dict[str, Any]]:
    """Channels by name, which have no time points or copies that are known, and their identity."""
    if own.time is not None or own.level:
        raise ValueError(
            "time and level (--time, --level): expected an image that has them, found arrays; "
            "give `open_image(array, axes=...)`"
        )
    by_name = {str(name): pixels for name, pixels in source.items()}
    arrays: dict[str, Pixels] = {name: np.asarray(by_name[name]) for name in chosen(list(by_name), own.channels)}
    axes = "QZYX"[-max((array.ndim for array in arrays.values()), default=2) :]
    return Channels(arrays, axes, {}), {"path": None, "bytes": sum(array.nbytes for array in arrays.values())}


def _read_open(image: LazyImage, own: Settings) -> tuple[str, Channels, dict[str, Any]]:
    """The same of an image that is open, which stays open."""
    path = None if image.about.path is None else str(image.about.path)
    name = path or image.about.name or "arrays"
    found = files.read_image(image, name, own.channel_axis, own.time, own.level, own.channels)
    return name, found, {"path": path, "bytes": image.nbytes}


def _image_of(array: Any, axis: int | None) -> LazyImage:
    """An array as an image with channels along `axis`."""
    count = len(array.shape)
    if axis is None or not 3 <= count <= 5 or not -count <= axis < count:
        raise ValueError(
            f"`source`: expected an array of 3 to 5 axes and the `channel_axis` of it, found shape {array.shape} and "
            f"{axis}; or give `open_image(array, axes=...)`"
        )
    others = "QZYX"[1 - count :]
    return open_image(array, axes=f"{others[: axis % count]}C{others[axis % count :]}")
