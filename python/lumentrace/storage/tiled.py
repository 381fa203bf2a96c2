"""TIFF files written tile by tile, compressed, with smaller copies: whatever the size, in little memory."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from io import BufferedRandom
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.files import replacing
from lumentrace.engine import executors
from lumentrace.storage.images.ome import Described, ome_xml
from lumentrace.storage.images.smaller import reduced
from lumentrace.storage.tile_layout import CODES, Layout

LEAST = 512
"""Longer side of the smallest copy, at least."""
CLASSIC = 3_800_000_000
"""Bytes beyond which a file is written as BigTIFF."""
BLANK = 1024
"""Tiles of fewer bytes hold one value; those that are alike are stored once."""
SHORT, LONG, LONG8, ASCII, IFD8 = 3, 4, 16, 2, 18
USUAL = Layout()


@contextmanager
def tiled_tiff(
    path: str | os.PathLike[str],
    image: Described,
    note: str = "",
    labels: bool = False,
    layout: Layout = USUAL,
) -> Iterator[TiledTiff]:
    """Write an image as a compressed, tiled OME-TIFF with a pyramid of smaller copies of each plane.

    The file appears when the block ends, whole or not at all.

    Parameters
    ----------
    path : path
    image : Described
    note : str
        Goes into the metadata.
    labels : bool, default False
        Whether pixels are labels, of which there are no means.
    layout : Layout, optional

    Yields
    ------
    TiledTiff
        Give it all rows from top to bottom, of one plane after the other in the order of the axes.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import tifffile
    >>> from lumentrace.storage.images.ome import Described
    >>> from lumentrace.storage.tiled import tiled_tiff
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with tiled_tiff(f"{folder}/big.tiff", Described("YX", (3000, 2000), np.dtype("uint8"))) as image:
    ...         for first in range(0, 3000, 256):
    ...             image.add(np.full((min(256, 3000 - first), 2000), 7, "uint8"))
    ...     with tifffile.TiffFile(f"{folder}/big.tiff") as file:
    ...         [level.shape for level in file.series[0].levels]
    [(3000, 2000), (750, 500)]
    """
    with replacing(path) as file, executors.threads() as workers:
        tiff = TiledTiff(file, image.shape[-2:], image.dtype, workers, image.planes, labels, layout)
        yield tiff
        tiff.finish(ome_xml(image, note))


class TiledTiff:
    """An image that is being written."""

    def __init__(
        self,
        file: BufferedRandom,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        workers: Executor,
        planes: int,
        labels: bool,
        layout: Layout,
    ):
        self.shape = (shape[0], shape[1])
        self._file, self._dtype, self._workers, self._layout = file, dtype, workers, layout
        self._big = planes * layout.most_bytes(shape[0] * shape[1] * dtype.itemsize) > CLASSIC
        self._wanted, self._labels = planes, labels
        self._planes: list[list[_Level]] = []
        self._smaller: list[NDArray[Any]] = []
        self._row = np.empty((layout.tile, shape[1]), dtype)
        self._bits = np.dtype(f"u{dtype.itemsize}")
        self._even_tiles: dict[bytes, bytes] = {}
        self._blank: dict[bytes, tuple[int, int]] = {}
        self._taken = 0
        file.write(_header(self._big))
        self._levels = self._begun()

    def _begun(self) -> list[_Level]:
        levels, step = [_Level(self.shape)], self._layout.step
        while max(levels[-1].shape) > LEAST * step and min(levels[-1].shape) >= step:
            rows, columns = levels[-1].shape
            levels.append(_Level((rows // step, columns // step)))
        return levels

    def add(self, rows: NDArray[Any]) -> None:
        """Take more rows of a plane.

        Raises
        ------
        ValueError
            If they are too wide or too many.
        """
        full = len(self._planes) == self._wanted
        if rows.ndim != 2 or rows.shape[1] != self.shape[1] or self._taken + len(rows) > self.shape[0] or full:
            left = self.shape[0] - self._taken
            raise ValueError(f"`rows`: expected up to {left} rows of {self.shape[1]} pixels, found {rows.shape}")
        tile = self._layout.tile
        while len(rows):
            held = self._taken % tile
            part, rows = rows[: tile - held], rows[tile - held :]
            self._row[held : held + len(part)] = part
            self._taken += len(part)
            if self._taken % tile == 0 or self._taken == self.shape[0]:
                self._add_tiles(self._row[: held + len(part)])
        if self._taken == self.shape[0]:
            self._end_plane()

    def _end_plane(self) -> None:
        rows = np.concatenate(self._smaller) if self._smaller else None
        for level in self._levels[1:]:
            assert rows is not None
            self._write(level, rows[: level.shape[0]])
            rows = reduced(rows, self._layout.step, self._labels)
        self._planes.append(self._levels)
        self._smaller, self._levels, self._taken = [], self._begun(), 0

    def _add_tiles(self, rows: NDArray[Any]) -> None:
        self._write(self._levels[0], rows)
        if len(self._levels) > 1:
            # A tile is a whole number of squares high, so that none is cut by the end of a row of tiles.
            self._smaller.append(reduced(rows, self._layout.step, self._labels))

    def _write(self, level: _Level, rows: NDArray[Any]) -> None:
        side = self._layout.tile
        tiles = [
            rows[top : top + side, left : left + side]
            for top in range(0, len(rows), side)
            for left in range(0, level.shape[1], side)
        ]
        for encoded in self._workers.map(self._encode, tiles):
            place = self._blank.get(encoded)
            if place is None:
                place = (self._even(), len(encoded))
                self._file.write(encoded)
                if len(encoded) < BLANK:
                    self._blank[encoded] = place
            level.places.append(place)

    def _encode(self, tile: NDArray[Any]) -> bytes:
        first, whole = tile[0, 0].tobytes(), (self._layout.tile, self._layout.tile)
        if bool((tile.view(self._bits) == tile.view(self._bits)[0, 0]).all()):
            if first not in self._even_tiles:
                self._even_tiles[first] = self._layout.encode(np.full(whole, tile[0, 0], self._dtype))
            return self._even_tiles[first]
        if tile.shape != whole:
            tile = np.pad(tile, [(0, side - length) for side, length in zip(whole, tile.shape, strict=True)])
        return self._layout.encode(tile)

    def finish(self, text: str) -> None:
        """Write the directories.

        Parameters
        ----------
        text : str
            OME-XML.

        Raises
        ------
        ValueError
            If rows are missing.
        """
        if len(self._planes) != self._wanted:
            wanted, found = self._wanted * self.shape[0], len(self._planes) * self.shape[0] + self._taken
            raise ValueError(f"expected {wanted} rows, found {found}")
        place = 0
        for number in reversed(range(self._wanted)):
            smaller = [self._directory(level, [], 1, b"", 0) for level in self._planes[number][1:]]
            place = self._directory(self._planes[number][0], smaller, 0, b"" if number else text.encode(), place)
        self._file.seek(8 if self._big else 4)
        self._file.write(struct.pack("<Q" if self._big else "<I", place))

    def _directory(self, level: _Level, smaller: Sequence[int], kind: int, text: bytes, following: int) -> int:
        """Write an image file directory; where it is."""
        offset, count = (LONG8, "Q") if self._big else (LONG, "I")
        places = [place for place, _ in level.places]
        sizes = [size for _, size in level.places]
        sample = {"u": 1, "i": 2, "f": 3}[self._dtype.kind]
        tags: list[tuple[int, int, str, Sequence[int] | bytes]] = [
            (254, LONG, "I", [kind]),
            (256, LONG, "I", [level.shape[1]]),
            (257, LONG, "I", [level.shape[0]]),
            (258, SHORT, "H", [8 * self._dtype.itemsize]),
            (259, SHORT, "H", [CODES[self._layout.compression]]),
            (262, SHORT, "H", [1]),
            (277, SHORT, "H", [1]),
            (322, SHORT, "H", [self._layout.tile]),
            (323, SHORT, "H", [self._layout.tile]),
            (324, offset, count, places),
            (325, LONG, "I", sizes),
            (339, SHORT, "H", [sample]),
        ]
        if text:
            tags.insert(5 + 1, (270, ASCII, "s", text + b"\0"))
        if smaller:
            tags.insert(-1, (330, IFD8 if self._big else 13, count, smaller))
        return self._write_tags(tags, following)

    def _write_tags(self, tags: list[tuple[int, int, str, Sequence[int] | bytes]], following: int) -> int:
        width = 8 if self._big else 4
        entries = []
        for code, kind, letter, values in tags:
            packed = bytes(values) if letter == "s" else struct.pack(f"<{len(values)}{letter}", *values)
            entry = struct.pack("<HHQ" if self._big else "<HHI", code, kind, len(values))
            if len(packed) <= width:
                entries.append(entry + packed.ljust(width, b"\0"))
                continue
            entries.append(entry + struct.pack("<Q" if self._big else "<I", self._even()))
            self._file.write(packed)
        start = self._even()
        after = struct.pack("<Q" if self._big else "<I", following)
        self._file.write(struct.pack("<Q" if self._big else "<H", len(entries)) + b"".join(entries) + after)
        return start

    def _even(self) -> int:
        if self._file.tell() % 2:
            self._file.write(b"\0")
        return self._file.tell()


class _Level:
    def __init__(self, shape: tuple[int, int]):
        self.shape = shape
        self.places: list[tuple[int, int]] = []


def _header(big: bool) -> bytes:
    return struct.pack("<2sHHHQ", b"II", 43, 8, 0, 0) if big else struct.pack("<2sHI", b"II", 42, 0)
