"""One plane of a TIFF file, read piece by piece: colour images by channel, without ever holding all of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.errors import FormatError
from lumentrace.storage.tiff import check_chain, check_size, damage_named

MODES = {
    ("u", 1, 1): "1",
    ("u", 1, 8): "L",
    ("u", 1, 16): "I;16",
    ("u", 1, 32): "I",
    ("i", 1, 32): "I",
    ("f", 1, 32): "F",
}
COLOURS = {3: "RGB", 4: "RGBA"}
ALPHA = (1, 2)
"""Values of the tag ExtraSamples that stand for transparency."""
PALETTE = 3
WHITE_IS_ZERO = 0
BAND = 2**24
"""Bytes that are read at a time."""


@dataclass(frozen=True)
class Block:
    """A strip or tile of a plane, or some rows of one that is not compressed.

    Attributes
    ----------
    row, column : int
        Place of its first pixel.
    pixels : ndarray
        (rows, columns, samples)
    sample : int
        Which sample the first is; planes of separate channels come one by one.
    """

    row: int
    column: int
    pixels: NDArray[Any]
    sample: int


class Plane:
    """The first page of a TIFF file.

    Attributes
    ----------
    path : path
    shape : tuple of int
        (rows, columns)
    samples : int
        Values of each pixel.
    colours : tuple of int
        Samples that are not transparency.
    dtype : numpy.dtype
    mode : str
        As Pillow names it: 'L', 'I;16', 'RGB', 'RGBA', 'F', '1', 'P'.
    pages : int
        Pages of the same size in the file, of which the first is read.
    """

    def __init__(self, path: str | os.PathLike[str], file: Any):
        self.path = path
        page = file.pages[0]
        self._page, self._file = page, file
        self.shape = (int(page.imagelength), int(page.imagewidth))
        self.samples = int(page.samplesperpixel)
        self.dtype = page.dtype
        if page.photometric == PALETTE:
            raise FormatError(f"{path}: expected grey values or colours, found a palette; save it as RGB or grey")
        if self.dtype is None or self.dtype.kind not in "buif" or getattr(page, "imagedepth", 1) != 1:
            raise FormatError(f"{path}: expected an image of numbers, found {self.dtype} of depth {page.imagedepth}")
        extra = [int(kind) for kind in (page.extrasamples or ())]
        plain = self.samples - len(extra)
        self.colours = tuple(
            place for place in range(self.samples) if place < plain or extra[place - plain] not in ALPHA
        )
        bits = 1 if page.bitspersample == 1 else 8 * self.dtype.itemsize
        one = MODES.get((self.dtype.kind if bits > 1 else "u", 1, bits), str(self.dtype))
        self.mode = one if self.samples == 1 else COLOURS.get(self.samples, f"{self.samples} samples")
        self.pages = sum(1 for other in file.pages if tuple(other.shape) == tuple(page.shape))

    def blocks(self, rows: slice = slice(None), columns: slice = slice(None)) -> Iterator[Block]:
        """Strips, tiles or bands, whole and in any order, of which some pixel lies in the given part.

        Raises
        ------
        FormatError
            If the file is damaged or compressed in an unknown way.
        """
        page = self._page
        top, bottom, _ = rows.indices(self.shape[0])
        left, right, _ = columns.indices(self.shape[1])
        with damage_named(self.path):
            plain = page.is_final
        if plain:
            yield from self._bands(top, bottom)
            return
        with damage_named(self.path):
            segments = range(len(page.dataoffsets))
            wanted = [number for number in segments if self._touches(number, top, bottom, left, right)]
        offsets = [page.dataoffsets[number] for number in wanted]
        counts = [page.databytecounts[number] for number in wanted]
        handle = self._file.filehandle
        # Segments come in the order of their places in the file.
        for data, number in handle.read_segments(offsets, counts, wanted, buffersize=BAND):
            with damage_named(self.path):
                pixels, (sample, _, row, column, _), _ = page.decode(data, number, jpegtables=page.jpegtables)
            if pixels is None:
                raise FormatError(f"{self.path}: expected data of strip or tile {number + 1}, found none")
            flat = pixels[0]
            kept = flat[: self.shape[0] - row, : self.shape[1] - column]
            yield Block(row, column, kept, sample)

    def _bands(self, top: int, bottom: int) -> Iterator[Block]:
        """Rows as they lie in the file: its strips may be as large as the image."""
        with damage_named(self.path):
            separate, _, height, width, together = self._page.shaped
            dtype = self.dtype.newbyteorder(self._file.byteorder)
            line = width * together * dtype.itemsize
            step = max(1, BAND // line)
        for sample in range(separate):
            for first in range(top, bottom, step):
                rows = min(step, bottom - first)
                with damage_named(self.path):
                    self._file.filehandle.seek(self._page.dataoffsets[0] + (sample * height + first) * line)
                    data = self._file.filehandle.read(rows * line)
                if len(data) < rows * line:
                    wanted = f"{rows * line} bytes from row {first} on"
                    raise FormatError(f"{self.path}: expected {wanted}, found {len(data)}")
                pixels = np.frombuffer(data, dtype).reshape(rows, width, together)
                yield Block(first, 0, pixels.astype(self.dtype, copy=False), sample)

    def _touches(self, number: int, top: int, bottom: int, left: int, right: int) -> bool:
        page = self._page
        high, wide = (page.tilelength, page.tilewidth) if page.is_tiled else (page.rowsperstrip, self.shape[1])
        across = -(-self.shape[1] // wide)
        down = -(-self.shape[0] // high)
        row, column = divmod(number % (across * down), across)
        within = row * high < bottom and (row + 1) * high > top
        return bool(within and column * wide < right and (column + 1) * wide > left)


@contextmanager
def open_plane(path: str | os.PathLike[str]) -> Iterator[Plane]:
    """Open the first page of a TIFF file.

    Raises
    ------
    FormatError
        If the file is empty, damaged, cut off or no TIFF.
    OSError
        If it cannot be read.
    """
    import tifffile

    size = Path(path).stat().st_size
    if not size:
        raise FormatError(f"{path}: expected a TIFF image, found an empty file")
    with damage_named(path):
        file = tifffile.TiffFile(path)
    with file:
        with damage_named(path):
            check_chain(path, file)
            page: Any = file.pages[0]
            check_size(path, page.shape, page.dtype, [page], size)
            plane = Plane(path, file)
        yield plane
