"""TIFF, OME-TIFF, ImageJ-TIFF and slides of scanners, read tile by tile."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from lumentrace.base.errors import FormatError
from lumentrace.data.lazy_image import COLOURS, About, LazyImage, Level, lazy_image
from lumentrace.storage.images import tiff_metadata
from lumentrace.storage.images.mapped import Mapped
from lumentrace.storage.tiff import check_chain, check_size, damage_named

SUFFIXES = (".tif", ".tiff", ".btf", ".tf8", ".lsm", ".svs", ".ndpi", ".scn", ".qptiff")


def open_tiff(path: Path, number: int) -> LazyImage:
    """Open one image of a TIFF file.

    Raises
    ------
    FormatError
        If the file is damaged, cut off, or has no such image.
    """
    import tifffile

    size = path.stat().st_size
    if not size:
        raise FormatError(f"{path}: expected a TIFF image, found an empty file")
    with damage_named(path):
        file = tifffile.TiffFile(path)
        try:
            return _opened(path, file, number, size)
        except BaseException:
            file.close()
            raise


def _opened(path: Path, file: Any, number: int, size: int) -> LazyImage:
    check_chain(path, file)
    if number not in range(len(file.series)):
        raise FormatError(f"{path}: expected image {number}, found {len(file.series)} images")
    series = file.series[number]
    if len(series.shape) < 2:
        raise FormatError(f"{path}: expected an image of rows and columns, found one of shape {series.shape}")
    for level in series.levels:
        pages = [page for page in level.pages if page is not None]
        check_size(path, level.shape, level.dtype, pages, size)
    axes = _unique(series.axes)
    levels = [_level(path, level, tiff_metadata.spacing(file, number), axes, series.shape) for level in series.levels]
    about = _about(path, file, number, dict(zip(axes, series.shape, strict=True)))
    return lazy_image(levels, axes, about, partial(damage_named, path), file.close)


def _unique(axes: str) -> str:
    """Axes of which none comes twice: the later ones have no name."""
    return "".join(axis if axes.index(axis) == place else "Q" for place, axis in enumerate(axes))


def _level(path: Path, level: Any, spacing: dict[str, float], axes: str, whole: tuple[int, ...]) -> Level:
    source = _source(path, level)
    ratio = {axis: full / length for axis, full, length in zip(axes, whole, level.shape, strict=True)}
    return Level(source, {axis: size * ratio.get(axis, 1.0) for axis, size in spacing.items()}, source.chunks)


def _source(path: Path, level: Any) -> Any:
    """Pixels as they lie in the file, or tile by tile."""
    import zarr

    if level.dataoffset is not None and not level.is_multifile and level.ndim > 1:
        return Mapped(path, level.dtype.newbyteorder(level.parent.byteorder), level.shape, level.dataoffset)
    return zarr.open_array(level.aszarr(level=0), mode="r")


def _about(path: Path, file: Any, number: int, lengths: dict[str, int]) -> About:
    names = tiff_metadata.channel_names(file, number)
    colours = tiff_metadata.colours(file, number)
    if "C" not in lengths and "S" in lengths:
        names, colours = list(COLOURS[: lengths["S"]]), []
    count = lengths.get("C", lengths.get("S", 1))
    text = tiff_metadata.ome(file, number)
    return About(
        (text.name if text is not None else "") or path.name,
        tuple(names) if len(names) == count else (),
        tuple(colours) if len(colours) == count else (),
        tuple(tiff_metadata.times(file, lengths["T"], number)) if "T" in lengths else (),
        path,
    )
