"""Pages of TIFF files as one image, wherever each of them lies, and the texts of pages."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.documents import regular
from lumentrace.base.errors import FormatError
from lumentrace.base.limits import raised
from lumentrace.storage.tiff import check_chain, check_size, damage_named

if TYPE_CHECKING:
    import tifffile

DESCRIPTION = 270
"""Number of the tag ImageDescription."""
MOST_TEXT = 1 << 20
"""Bytes of the text of a page."""


class TiffPages:
    """Pages of one or many TIFF files as an array, read when it is cut; each page is checked before it is decoded.

    Files of a series name each other in their OME-XML; that is passed over, `places` says what lies where.

    Parameters
    ----------
    files : sequence of Path
    places : ndarray of int
        (..., 2): the file of each plane, and its page, from 0 on.

    Raises
    ------
    FormatError
        If the first page is no plane of real numbers, or the file is damaged.
    OSError
        If it cannot be read.
    """

    def __init__(self, files: Sequence[Path], places: NDArray[np.int64]) -> None:
        self._files, self._places = list(files), places
        self._open: tuple[Path, tifffile.TiffFile] | None = None
        try:
            self._frame, self._stored = self._first()
        except BaseException:
            self.close()
            raise

    @property
    def shape(self) -> tuple[int, ...]:
        """The axes of the places, rows, columns."""
        return (*self._places.shape[:-1], *self._frame)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the pixels."""
        return self._stored.newbyteorder("=")

    def __getitem__(self, place: tuple[int | slice, ...]) -> NDArray[Any]:
        """Pixels of some pages."""
        *leading, rows, columns = place
        chosen = self._places[tuple(leading)]
        found = np.empty((*chosen.shape[:-1], *np.empty(self._frame, bool)[rows, columns].shape), self.dtype)
        pages = found.reshape(-1, *found.shape[chosen.ndim - 1 :])
        for one, (file, number) in enumerate(chosen.reshape(-1, 2).tolist()):
            pages[one] = self._pixels(file, number)[rows, columns]
        return found

    def close(self) -> None:
        """Close the file that is open."""
        if self._open is not None:
            self._open[1].close()
            self._open = None

    def _first(self) -> tuple[tuple[int, int], np.dtype[Any]]:
        """Rows and columns of the first page, and what it stores."""
        file, number = self._places.reshape(-1, 2)[0].tolist()
        page = self._page(file, number)
        real = page.dtype is not None and page.dtype.kind in "uif"
        if len(page.shape) != 2 or not real:
            raise FormatError(
                f"{self._files[file]}: expected pages of rows and columns, found {page.dtype} of {page.shape}"
            )
        return page.shape, page.dtype

    def _pixels(self, file: int, number: int) -> NDArray[Any]:
        path, page = self._files[file], self._page(file, number)
        if (page.shape, page.dtype) != (self._frame, self._stored):
            raise FormatError(
                f"{path}, page {number + 1}: expected {self._stored} of {self._frame} as in {self._files[0].name}, "
                f"found {page.dtype} of {page.shape}"
            )
        with damage_named(path):
            pixels: NDArray[Any] = page.asarray()
        return pixels

    def _page(self, file: int, number: int) -> Any:
        """A page whose data lie in the file."""
        path = self._files[file]
        if self._open is None or self._open[0] != path:
            self.close()
            self._open = path, open_pages(path)
        pages = self._open[1].pages
        with damage_named(path):
            if number >= len(pages):
                raise FormatError(f"{path}: expected {number + 1} pages at least, found {len(pages)} (cut off?)")
            page = pages[number]
            check_size(path, page.shape, page.dtype, [page], self._open[1].filehandle.size)
        return page


def open_pages(path: Path) -> tifffile.TiffFile:
    """Open a TIFF file as single pages, whatever it says of images; its chain of pages is checked.

    Raises
    ------
    FormatError
        If it is damaged.
    OSError
        If it cannot be read.
    """
    import tifffile

    if not regular(path).stat().st_size:
        raise FormatError(f"{path}: expected a TIFF image, found an empty file")
    with damage_named(path):
        file = tifffile.TiffFile(path, is_ome=False, is_scanimage=False)
        try:
            check_chain(path, file)
        except BaseException:
            file.close()
            raise
    return file


def software(path: Path) -> str:
    """What the first page says of the program that wrote the file; no other page is touched.

    Raises
    ------
    FormatError
        If it is damaged.
    OSError
        If it cannot be read.
    """
    import tifffile

    if not regular(path).stat().st_size:
        raise FormatError(f"{path}: expected a TIFF image, found an empty file")
    with damage_named(path), tifffile.TiffFile(path, is_ome=False, is_scanimage=False) as file:
        return str(file.pages.first.software)


def descriptions(path: Path, file: tifffile.TiffFile) -> Iterator[str]:
    """The ImageDescription of each page in order, empty where there is none; the pixels are not touched.

    Parameters
    ----------
    path : Path
    file : TiffFile
        From `open_pages`.

    Raises
    ------
    FormatError
        If a text is longer than 1 MiB (the limit).
    """
    form, handle = file.tiff, file.filehandle
    place = file.pages[0].offset
    while place:
        handle.seek(place)
        (tags,) = struct.unpack(form.tagnoformat, handle.read(form.tagnosize))
        listed = handle.read(tags * form.tagsize)
        (place,) = struct.unpack(form.offsetformat, handle.read(form.offsetsize))
        yield _description(path, form, handle, listed)


def _description(path: Path, form: Any, handle: Any, tags: bytes) -> str:
    for code, _, count, value in struct.iter_unpack(form.tagformat1 + form.tagformat2[1:], tags):
        if code != DESCRIPTION:
            continue
        if count > raised(MOST_TEXT):
            raise FormatError(f"{path}: expected texts of at most {raised(MOST_TEXT):,} bytes, found {count:,}")
        content = value[:count]
        if count > form.tagoffsetthreshold:
            handle.seek(struct.unpack(form.offsetformat, value)[0])
            content = handle.read(count)
        return bytes(content).rstrip(b"\0").decode("utf-8", "replace")
    return ""
