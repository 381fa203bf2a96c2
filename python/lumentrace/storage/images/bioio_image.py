"""CZI, LIF, ND2 and the other files for which bioio has a plugin."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from lumentrace.base.errors import FormatError
from lumentrace.data.lazy_image import About, LazyImage, Level, lazy_image
from lumentrace.storage.tiff import damage_named

PLUGINS = {".czi": "bioio-czi", ".lif": "bioio-lif", ".nd2": "bioio-nd2", ".dv": "bioio-dv", ".sldy": "bioio-sldy"}


def open_bioio(path: Path, number: int) -> LazyImage:
    """Open one scene of a file through bioio.

    Raises
    ------
    FormatError
        If no plugin reads it, or it has no such scene.
    ImportError
        If bioio is not installed.
    """
    try:
        from bioio import BioImage
        from bioio_base.exceptions import UnsupportedFileFormatError
    except ImportError as error:
        name = PLUGINS.get(path.suffix.lower(), "a plugin")
        raise ImportError(
            f'{path}: needs bioio and {name}; get them with `pip install "lumentrace[bioio]" {name}`'
        ) from error
    try:
        with damage_named(path, "an image that a plugin of bioio reads"):
            image = BioImage(path)
            scenes = list(image.scenes)
            if number not in range(len(scenes)):
                raise FormatError(f"{path}: expected image {number}, found {len(scenes)} images")
            image.set_scene(scenes[number])
            return _opened(path, image)
    except UnsupportedFileFormatError as error:
        raise FormatError(f"{path}: expected an image that a plugin of bioio reads, found none that does") from error


def _opened(path: Path, image: Any) -> LazyImage:
    data = image.xarray_dask_data
    axes = "".join(str(name) if len(str(name)) == 1 else "Q" for name in data.dims)
    sizes = {axis: getattr(image.physical_pixel_sizes, axis, None) for axis in "XYZ"}
    spacing = {axis: float(size) for axis, size in sizes.items() if size}
    chunks = tuple(max(lengths) for lengths in data.data.chunks)
    names = tuple(str(name) for name in image.channel_names or ())
    level = Level(data.data, spacing, chunks)
    return lazy_image(
        [level], axes, About(path.name, names, path=path), partial(damage_named, path, "an image of bioio")
    )
