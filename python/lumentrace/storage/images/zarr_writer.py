"""OME-Zarr images, written piece by piece with smaller copies: whatever the size, in little memory."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Any, Literal

import numpy as np

from lumentrace.base.exchange import exchange
from lumentrace.base.files import named
from lumentrace.base.working import working_folder
from lumentrace.data.lazy_image import LazyImage
from lumentrace.storage.images import zarr_loop
from lumentrace.storage.images.ome import Described
from lumentrace.storage.images.smaller import reduced
from lumentrace.storage.images.zarr_image import is_zarr

Version = Literal["0.4", "0.5"]
SIDE = 512
"""Rows and columns of a chunk; smaller copies end below this size."""
KINDS = {"T": ("time", "second"), "C": ("channel", None), "Z": ("space", "micrometer")}


def write_zarr(path: Path, image: LazyImage, about: Described, labels: bool, version: Version) -> None:
    """Write an image as an OME-Zarr group, which appears whole or not at all.

    Raises
    ------
    ValueError
        For axes that OME-Zarr does not have.
    FileExistsError
        If there is something else than a Zarr group at `path`.
    """
    import zarr

    if path.exists() and not is_zarr(path):
        raise FileExistsError(17, "expected an OME-Zarr to replace, found something else", str(path))
    with named(path), working_folder(path.parent, "writing") as work:
        made = work / path.name
        group = zarr.open_group(made, mode="w-", zarr_format=3 if version == "0.5" else 2)
        shapes = _shapes(about.shape)
        arrays = [_array(group, str(level), shape, about, version) for level, shape in enumerate(shapes)]
        order = [image.axes.replace("S", "C").index(axis) for axis in about.axes]
        for part, pixels in image.blocks():
            place = tuple(part[image.axes[axis]] for axis in order)
            zarr_loop.write(arrays[0], place, pixels.transpose(order))
        for larger, smaller in itertools.pairwise(arrays):
            _fill(larger, smaller, labels)
        group.attrs.update(_attributes(about, len(arrays), labels, version))
        _replace(made, path, work)


def _shapes(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Of the image and its smaller copies."""
    shapes = [shape]
    while max(shapes[-1][-2:]) > SIDE and min(shapes[-1][-2:]) > 1:
        *others, rows, columns = shapes[-1]
        shapes.append((*others, rows // 2, columns // 2))
    return shapes


def _array(group: Any, name: str, shape: tuple[int, ...], about: Described, version: Version) -> Any:
    from numcodecs import Zlib
    from zarr.codecs import ZstdCodec

    chunks = (*[1] * (len(shape) - 2), *(min(SIDE, length) for length in shape[-2:]))
    new = version == "0.5"
    array = group.create_array(
        name,
        shape=shape,
        chunks=chunks,
        dtype=about.dtype,
        # Both carry checksums, by which changed pixels are found.
        compressors=ZstdCodec(level=1, checksum=True) if new else Zlib(level=1),
        chunk_key_encoding={"name": "default" if new else "v2", "separator": "/"},
        dimension_names=[axis.lower() for axis in about.axes] if new else None,
        fill_value=0,
        # Chunks of zeros too: far more missing ones than others are taken for damage.
        config={"write_empty_chunks": True},
    )
    return array.async_array


def _fill(larger: Any, smaller: Any, labels: bool) -> None:
    """Write a smaller copy, some rows of chunks of one plane at a time."""
    rows = smaller.shape[-2]
    for place in np.ndindex(*smaller.shape[:-2]):
        for first in range(0, rows, SIDE):
            last = min(first + SIDE, rows)
            pixels = zarr_loop.read(larger, (*place, slice(2 * first, 2 * last), slice(None)))
            zarr_loop.write(smaller, (*place, slice(first, last)), reduced(pixels, 2, labels))


def _attributes(about: Described, levels: int, labels: bool, version: Version) -> dict[str, Any]:
    image = {
        "name": about.name,
        "axes": [_axis(axis, about) for axis in about.axes],
        "datasets": [
            {"path": str(level), "coordinateTransformations": _placed(about, level)} for level in range(levels)
        ],
        "type": "nearest" if labels else "mean",
    }
    stated: dict[str, Any] = {"multiscales": [image]}
    if about.channels:
        colours = about.colours or ("#ffffff",) * len(about.channels)
        limits = {"min": 0, "max": _most(about.dtype), "start": 0, "end": _most(about.dtype)}
        stated["omero"] = {
            "channels": [
                {"label": name, "color": colour.lstrip("#").upper(), "active": True, "window": limits}
                for name, colour in zip(about.channels, colours, strict=True)
            ]
        }
    if labels:
        stated["image-label"] = {}
    if version == "0.5":
        return {"ome": {"version": version, **stated}}
    image["version"] = version
    return stated


def _most(dtype: np.dtype[Any]) -> float:
    return 1.0 if dtype.kind == "f" else float(np.iinfo(dtype).max) if dtype.kind in "ui" else 1.0


def _axis(axis: str, about: Described) -> dict[str, str]:
    kind, unit = KINDS.get(axis, ("space", "micrometer"))
    known = axis in about.spacing or (axis == "T" and _step(about) is not None)
    return {"name": axis.lower(), "type": kind, **({"unit": unit} if unit is not None and known else {})}


def _step(about: Described) -> float | None:
    """Seconds between time points, if they are alike."""
    steps = np.diff(about.times)
    alike = len(steps) > 0 and bool(np.allclose(steps, steps[0], rtol=1e-6, atol=0.0)) and steps[0] > 0
    return float(steps[0]) if alike else None


def _placed(about: Described, level: int) -> list[dict[str, Any]]:
    """How far apart the pixels of a level are, and where the middle of the first one is."""
    spacing = {**about.spacing, "T": _step(about) or 1.0}
    scale = [spacing.get(axis, 1.0) * (2.0**level if axis in "YX" else 1.0) for axis in about.axes]
    shift = [spacing.get(axis, 1.0) * (2.0**level - 1.0) / 2.0 if axis in "YX" else 0.0 for axis in about.axes]
    steps: list[dict[str, Any]] = [{"type": "scale", "scale": scale}]
    return [*steps, {"type": "translation", "translation": shift}] if level else steps


def _replace(made: Path, path: Path, work: Path) -> None:
    """Put a folder in the place of another, which goes with the working folder."""
    if path.exists():
        if exchange(made, path):
            return
        os.rename(path, work / "old")
    try:
        os.rename(made, path)
    except BaseException:
        if (work / "old").exists():
            os.rename(work / "old", path)
        raise
