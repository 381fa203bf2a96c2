"""Images in TIFF and OME-TIFF files, with what the file says about axes, channels and pixel size."""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.documents import regular
from lumentrace.base.errors import FormatError
from lumentrace.base.limits import LimitsError, raised
from lumentrace.storage.images import tiff_metadata

SUFFIXES = (".tif", ".tiff", ".btf", ".ome.tif", ".ome.tiff")
MOST_COMPRESSION = 1100
"""No compression of TIFF files reaches this ratio; deflate comes to 1030."""
LARGE_TILE = 1 << 24
"""Bytes of a tile that a small image may have, however little of it is stored."""
MOST_PAGES = 1 << 20
CODECS = {1, 5, 7, 8, 32773, 32946, 34925, 34926, 50000}
"""Compressions that are decoded: none, LZW, JPEG, deflate (8, 32946), PackBits, LZMA, Zstandard (34926, 50000).

Decoders of others are large C programs that have crashed on damaged images; add the number of one that you trust.
"""
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
"""Bytes of a value by the number of its type."""


@dataclass(frozen=True)
class Picture:
    """An image and what its file says about it.

    Attributes
    ----------
    pixels : ndarray
    axes : str
        A letter per axis: C for channels, S for the samples of colour images, T, Z, Y, X, and others.
    channel_names : list of str
        Empty if the file has none.
    spacing : dict
        Size of a pixel in micrometres along the axes of which it is known.
    """

    pixels: NDArray[Any]
    axes: str
    channel_names: list[str]
    spacing: dict[str, float]


def read_tiff(path: str | os.PathLike[str]) -> Picture:
    """Read the first image of a TIFF, ImageJ-TIFF or OME-TIFF file.

    Parameters
    ----------
    path : path

    Returns
    -------
    Picture

    Raises
    ------
    FormatError
        If the file is damaged, cut off or declares more pixels than it can hold.
    OSError
        If it cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import tifffile
    >>> from lumentrace.storage import read_tiff
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tifffile.imwrite(f"{folder}/cell.tif", np.zeros((2, 8, 8), "uint16"), imagej=True, metadata={"axes": "CYX"})
    ...     read_tiff(f"{folder}/cell.tif").axes
    'CYX'
    """
    import tifffile

    if not Path(path).stat().st_size:
        raise FormatError(f"{path}: expected a TIFF image, found an empty file")
    with damage_named(path), tifffile.TiffFile(path) as file:
        check_chain(path, file)
        if not file.series:
            raise FormatError(f"{path}: expected an image, found none")
        series = file.series[0]
        pages = [page for page in series.pages if page is not None]
        check_size(path, series.shape, series.dtype, pages, Path(path).stat().st_size)
        return Picture(series.asarray(), series.axes, tiff_metadata.channel_names(file), tiff_metadata.spacing(file))


def read_spacing(path: str | os.PathLike[str]) -> dict[str, float]:
    """Micrometres from pixel to pixel along X, Y and Z, as far as a file says them; the pixels are not read.

    Raises
    ------
    FormatError
        If the file is damaged.
    OSError
        If it cannot be read.
    """
    import tifffile

    with damage_named(path), tifffile.TiffFile(regular(path)) as file:
        check_chain(path, file)
        return tiff_metadata.spacing(file)


def check_chain(path: str | os.PathLike[str], file: Any) -> None:
    """Refuse a file whose chain of pages, or what a page says, goes past its end: tifffile passes over that.

    To be called before anything asks for pages but the first: tifffile follows a chain that comes back for ever.
    """
    try:
        place = file.pages[0].offset
    except IndexError:
        size = file.filehandle.size
        raise FormatError(f"{path}: expected an image, found a file of {size:,} bytes without one") from None
    seen = set[int]()
    while place:
        if place in seen:
            raise FormatError(f"{path}: expected another page after {len(seen)}, found that at byte {place:,} again")
        if len(seen) == raised(MOST_PAGES):
            raise FormatError(f"{path}: expected at most {raised(MOST_PAGES):,} pages (the limit), found more")
        seen.add(place)
        place = _next_page(path, file, place, len(seen))


def _next_page(path: str | os.PathLike[str], file: Any, place: int, number: int) -> int:
    """Where the page after this one begins; 0 for none."""
    form, handle = file.tiff, file.filehandle
    end = place + form.tagnosize
    if end <= handle.size:
        handle.seek(place)
        (tags,) = struct.unpack(form.tagnoformat, handle.read(form.tagnosize))
        end += tags * form.tagsize + form.offsetsize
    if end > handle.size:
        raise FormatError(
            f"{path}: expected page {number} at byte {place:,}, found a file of {handle.size:,} bytes (cut off?)"
        )
    listed = handle.read(tags * form.tagsize)
    end = 0 if form.is_ndpi else _end_of_values(form, listed)
    if end > handle.size:
        raise FormatError(
            f"{path}: expected page {number} up to byte {end:,}, found a file of {handle.size:,} bytes (cut off?)"
        )
    return int(struct.unpack(form.offsetformat, handle.read(form.offsetsize))[0])


def _end_of_values(form: Any, tags: bytes) -> int:
    """The last byte of the values that do not fit into their tags."""
    layout, ends = form.tagformat1 + form.tagformat2[1:], [0]
    for _, kind, count, value in struct.iter_unpack(layout, tags):
        size = count * SIZES.get(kind, 0)
        if size > form.tagoffsetthreshold:
            ends.append(struct.unpack(form.offsetformat, value)[0] + size)
    return max(ends)


def check_size(
    path: str | os.PathLike[str], shape: tuple[int, ...], dtype: Any, pages: Sequence[Any], found: int
) -> None:
    """Refuse an image without pixels, or one that the file cannot hold; bytes used twice count once."""
    if 0 in shape:
        raise FormatError(f"{path}: expected an image with pixels, found one of shape {tuple(map(int, shape))}")
    for page in pages:
        if page.compression not in CODECS:
            raise FormatError(
                f"{path}: expected a compression among {', '.join(map(str, sorted(CODECS)))}, found "
                f"{int(page.compression)}; `lumentrace.storage.tiff.CODECS.add({int(page.compression)})` lets it in"
            )
    check_ends(path, pages, found)
    declared = int(np.prod([int(length) for length in shape], dtype=object)) * _bits(pages[0], dtype) // 8
    stored = sum(sum(page.databytecounts) for page in pages)
    compressed = any(page.compression != 1 for page in pages)
    most = min(stored, found) * raised(MOST_COMPRESSION) if compressed else found
    if declared > most:
        raise FormatError(
            f"{path}: declares an image of {declared:,} bytes, but holds {min(stored, found):,} bytes of data"
        )
    tile = max(math.prod(map(int, page.keyframe.chunks)) * _bits(page.keyframe, dtype) // 8 for page in pages)
    if tile > max(most, LARGE_TILE):
        raise FormatError(f"{path}: declares tiles of {tile:,} bytes, but holds {min(stored, found):,} bytes of data")


def check_ends(path: str | os.PathLike[str], pages: Sequence[Any], found: int) -> None:
    """Refuse pages of which data are missing or lie past the end of the file."""
    for number, page in enumerate(pages, 1):
        _check_segments(path, number, page)
    ends = [
        offset + count for page in pages for offset, count in zip(page.dataoffsets, page.databytecounts, strict=True)
    ]
    if ends and max(ends) > found:
        raise FormatError(f"{path}: expected data up to byte {max(ends):,}, found a file of {found:,} bytes (cut off?)")


def _check_segments(path: str | os.PathLike[str], number: int, page: Any) -> None:
    """Refuse a page without all of its strips or tiles: tifffile gives zeros for those."""
    first = page.keyframe
    name = "tile" if first.is_tiled else "strip"
    wanted, listed = math.prod(first.chunked), len(page.dataoffsets)
    if listed < wanted:
        raise FormatError(f"{path}: expected {wanted} {name}s in page {number}, found {listed}")
    for segment, place in enumerate(zip(page.dataoffsets, page.databytecounts, strict=True), 1):
        if not all(place):
            raise FormatError(f"{path}: expected {wanted} {name}s in page {number}, found no data of {name} {segment}")


def _bits(page: Any, dtype: Any) -> int:
    """What a value takes in the file: those of fewer than eight bits are packed."""
    bits = page.bitspersample
    return int(bits) if isinstance(bits, int) else 8 * int(dtype.itemsize)


@contextmanager
def damage_named(path: str | os.PathLike[str], expected: str = "a TIFF image") -> Iterator[None]:
    """What decoders raise on damaged data, as an error that names the file."""
    try:
        yield
    except (FormatError, LimitsError, MemoryError):
        raise
    except OSError as error:
        if error.filename is not None:
            raise
        raise _damaged(path, expected, error) from error
    except Exception as error:
        # The decoders raise what they like on damaged data; the cause is kept.
        raise _damaged(path, expected, error) from error


def _damaged(path: str | os.PathLike[str], expected: str, error: Exception) -> FormatError:
    place = Path(path)
    found = "a damaged folder" if place.is_dir() else f"a damaged file of {place.stat().st_size:,} bytes"
    return FormatError(f"{path}: expected {expected}, found {found} ({error})")
