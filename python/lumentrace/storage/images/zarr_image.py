"""OME-Zarr images, read chunk by chunk."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import Any

from lumentrace.base.errors import FormatError
from lumentrace.base.limits import raised
from lumentrace.data.lazy_image import About, LazyImage, Level, lazy_image
from lumentrace.storage.images.zarr_claims import Stored, chunks_of
from lumentrace.storage.images.zarr_metadata import Multiscale, multiscale
from lumentrace.storage.tiff import damage_named

DOCUMENTS = ("zarr.json", ".zgroup", ".zattrs")
MOST_CHUNK = 1 << 30
"""Bytes of one chunk, at most; set it before a file with larger ones is opened."""
MOST_FRAMES = 1 << 20
"""Along T."""
CODECS = (
    "bytes",
    "endian",
    "transpose",
    "sharding_indexed",
    "crc32c",
    "blosc",
    "gzip",
    "zlib",
    "zstd",
    "lz4",
    "bz2",
    "lzma",
    "shuffle",
    "bitshuffle",
    "delta",
)
"""Those that only move bytes; others, such as pickle, could run what the file says."""


def is_zarr(path: Path) -> bool:
    """Whether a folder is a group or array of Zarr."""
    return any((path / name).is_file() for name in (*DOCUMENTS, ".zarray"))


def open_zarr(path: Path, number: int) -> LazyImage:
    """Open one image of an OME-Zarr group.

    Raises
    ------
    FormatError
        If it is none, or its arrays and what it says about them do not fit together.
    """
    import zarr

    from lumentrace.storage.images.zarr_store import OwnFiles

    with damage_named(path, "an OME-Zarr image"):
        group = zarr.open_group(OwnFiles(path, read_only=True), mode="r")
        found = multiscale(path, dict(group.attrs), number)
        arrays = [_array(path, group, name) for name in found.paths]
        _check_shapes(path, found, arrays)
        levels = [
            Level(array, {axis: size for axis, size in scale.items() if axis != "T" and size > 0}, array.chunks)
            for array, scale in zip(arrays, found.scales, strict=True)
        ]
        return lazy_image(
            levels, found.axes, _about(path, found, arrays[0].shape), partial(damage_named, path, "an OME-Zarr image")
        )


def _array(path: Path, group: Any, name: str) -> Stored:
    import zarr

    from lumentrace.storage.images.zarr_codecs import checked

    if not name or name.startswith(("/", "\\")) or ".." in Path(name).parts:
        raise FormatError(f"{path}: expected an array inside of the folder, found the name {name!r}")
    array = group.get(name)
    if not isinstance(array, zarr.Array):
        raise FormatError(f"{path}: expected the array {name!r}, found none")
    if array.dtype.kind not in "buif":
        raise FormatError(f"{path}: expected real numbers in array {name!r}, found {array.dtype}")
    unknown = sorted({codec for codec in _codecs(array.metadata.to_dict()) if codec not in CODECS})
    if unknown:
        raise FormatError(
            f"{path}: expected array {name!r} to be compressed by {', '.join(CODECS)}, found {unknown[0]!r}"
        )
    size = math.prod(chunks_of(array)) * array.dtype.itemsize
    if size > MOST_CHUNK:
        raise FormatError(f"{path}: expected chunks of at most {MOST_CHUNK:,} bytes (the limit), found {size:,}")
    return Stored(checked(array, size, MOST_CHUNK), path / name)


def _codecs(metadata: Any) -> list[str]:
    """Names of all codecs and filters of an array, nested ones too."""
    if isinstance(metadata, dict):
        names = [str(metadata["id"])] if "id" in metadata else []
        for place in ("codecs", "filters", "compressor", "index_codecs", "configuration"):
            names += _codecs(metadata.get(place))
        return names
    if isinstance(metadata, (list, tuple)):
        return [name for codec in metadata for name in [*_name(codec), *_codecs(codec)]]
    return []


def _name(codec: Any) -> list[str]:
    if not isinstance(codec, dict) or "name" not in codec:
        return []
    return [str(codec["name"]).removeprefix("numcodecs.")]


def _check_shapes(path: Path, found: Multiscale, arrays: list[Stored]) -> None:
    for name, array in zip(found.paths, arrays, strict=True):
        if len(array.shape) != len(found.axes) or 0 in array.shape or array.dtype != arrays[0].dtype:
            raise FormatError(
                f"{path}: expected an array of {arrays[0].dtype} along {found.axes}, found {array.dtype} of shape "
                f"{array.shape} in {name!r}"
            )


def _about(path: Path, found: Multiscale, shape: tuple[int, ...]) -> About:
    lengths = dict(zip(found.axes, shape, strict=True))
    count, step = lengths.get("C", 1), found.scales[0].get("T")
    if step is not None and lengths["T"] > raised(MOST_FRAMES):
        raise FormatError(
            f"{path}: expected at most {raised(MOST_FRAMES):,} frames with times (the limit), found {lengths['T']:,}"
        )
    if step is not None and not math.isfinite(step * lengths["T"]):
        raise FormatError(f"{path}: expected times of frames that are numbers, found a step of {step} s")
    return About(
        found.name or path.name,
        tuple(found.channels) if len(found.channels) == count else (),
        tuple(found.colours) if len(found.colours) == count else (),
        tuple(number * step for number in range(lengths["T"])) if step is not None else (),
        path,
    )
