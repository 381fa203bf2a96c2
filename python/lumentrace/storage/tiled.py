"""TIFF files written tile by tile, compressed, with smaller copies: whatever the size, in little memory."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from io import BufferedRandom
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.files import replacing
from lumentrace.engine import executors

TILE = 256
STEP = 4
"""Each copy is smaller than the one before by this factor."""
LEAST = 512
"""Longer side of the smallest copy, at least."""
CLASSIC = 3_800_000_000
"""Bytes beyond which a file is written as BigTIFF."""
DEFLATE = 8
BLANK = 1024
"""Tiles of fewer bytes hold one value; those that are alike are stored once."""
OME_TYPES = {"float32": "float", "float64": "double"}
SHORT, LONG, LONG8, ASCII, IFD8 = 3, 4, 16, 2, 18


@contextmanager
def tiled_tiff(
    path: str | os.PathLike[str], shape: tuple[int, int], dtype: Any, name: str = "", note: str = ""
) -> Iterator[TiledTiff]:
    """Write an image as a compressed, tiled OME-TIFF with a pyramid of smaller copies.

    The file appears when the block ends, whole or not at all.

    Parameters
    ----------
    path : path
    shape : tuple of int
        (rows, columns)
    dtype : numpy dtype
    name, note : str
        Go into the metadata.

    Yields
    ------
    TiledTiff
        Give it all rows from top to bottom.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import tifffile
    >>> from lumentrace.storage.tiled import tiled_tiff
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with tiled_tiff(f"{folder}/big.tiff", (3000, 2000), "uint8") as image:
    ...         for first in range(0, 3000, 256):
    ...             image.add(np.full((min(256, 3000 - first), 2000), 7, "uint8"))
    ...     with tifffile.TiffFile(f"{folder}/big.tiff") as file:
    ...         [level.shape for level in file.series[0].levels]
    [(3000, 2000), (750, 500)]
    """
    with replacing(path) as file, executors.threads() as workers:
        image = TiledTiff(file, shape, np.dtype(dtype), workers)
        yield image
        image.finish(name, note)


class TiledTiff:
    """An image that is being written."""

    def __init__(self, file: BufferedRandom, shape: tuple[int, int], dtype: np.dtype[Any], workers: Executor):
        self.shape = shape
        self._file, self._dtype, self._workers = file, dtype, workers
        self._big = shape[0] * shape[1] * dtype.itemsize * 1.15 + 2**20 > CLASSIC
        self._levels = [_Level(shape, dtype)]
        while max(self._levels[-1].shape) > LEAST * STEP and min(self._levels[-1].shape) >= STEP:
            rows, columns = self._levels[-1].shape
            self._levels.append(_Level((rows // STEP, columns // STEP), dtype))
        self._smaller: list[NDArray[Any]] = []
        self._row = np.empty((TILE, shape[1]), dtype)
        self._bits = np.dtype(f"u{dtype.itemsize}")
        self._even_tiles: dict[bytes, bytes] = {}
        self._blank: dict[bytes, tuple[int, int]] = {}
        self._taken = 0
        file.write(_header(self._big))

    def add(self, rows: NDArray[Any]) -> None:
        """Take more rows.

        Raises
        ------
        ValueError
            If they are too wide or too many.
        """
        if rows.ndim != 2 or rows.shape[1] != self.shape[1] or self._taken + len(rows) > self.shape[0]:
            left = self.shape[0] - self._taken
            raise ValueError(f"`rows`: expected up to {left} rows of {self.shape[1]} pixels, found {rows.shape}")
        while len(rows):
            held = self._taken % TILE
            part, rows = rows[: TILE - held], rows[TILE - held :]
            self._row[held : held + len(part)] = part
            self._taken += len(part)
            if self._taken % TILE == 0 or self._taken == self.shape[0]:
                self._add_tiles(self._row[: held + len(part)])

    def _add_tiles(self, rows: NDArray[Any]) -> None:
        self._write(self._levels[0], rows)
        if len(self._levels) > 1:
            # A tile is a whole number of squares high, so that none is cut by the end of a row of tiles.
            self._smaller.append(_reduced(rows))

    def _write(self, level: _Level, rows: NDArray[Any]) -> None:
        tiles = [
            rows[top : top + TILE, left : left + TILE]
            for top in range(0, len(rows), TILE)
            for left in range(0, level.shape[1], TILE)
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
        import imagecodecs

        first = tile[0, 0].tobytes()
        if bool((tile.view(self._bits) == tile.view(self._bits)[0, 0]).all()):
            if first not in self._even_tiles:
                whole = np.full((TILE, TILE), tile[0, 0], self._dtype)
                self._even_tiles[first] = bytes(imagecodecs.deflate_encode(whole.tobytes(), level=1))
            return self._even_tiles[first]
        if tile.shape != (TILE, TILE):
            tile = np.pad(tile, [(0, TILE - length) for length in tile.shape])
        return bytes(imagecodecs.deflate_encode(tile.tobytes(), level=1))

    def finish(self, name: str, note: str) -> None:
        """Write the smaller copies and the directories.

        Raises
        ------
        ValueError
            If rows are missing.
        """
        if self._taken != self.shape[0]:
            raise ValueError(f"expected {self.shape[0]} rows, found {self._taken}")
        rows = np.concatenate(self._smaller) if self._smaller else None
        for level in self._levels[1:]:
            assert rows is not None
            self._write(level, rows[: level.shape[0]])
            rows = _reduced(rows)
        smaller = [self._directory(level, [], 1, b"")[0] for level in self._levels[1:]]
        first, _ = self._directory(self._levels[0], smaller, 0, _ome(self.shape, self._dtype, name, note))
        self._file.seek(8 if self._big else 4)
        self._file.write(struct.pack("<Q" if self._big else "<I", first))

    def _directory(self, level: _Level, smaller: Sequence[int], kind: int, text: bytes) -> tuple[int, int]:
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
            (259, SHORT, "H", [DEFLATE]),
            (262, SHORT, "H", [1]),
            (277, SHORT, "H", [1]),
            (322, SHORT, "H", [TILE]),
            (323, SHORT, "H", [TILE]),
            (324, offset, count, places),
            (325, LONG, "I", sizes),
            (339, SHORT, "H", [sample]),
        ]
        if text:
            tags.insert(5 + 1, (270, ASCII, "s", text + b"\0"))
        if smaller:
            tags.insert(-1, (330, IFD8 if self._big else 13, count, smaller))
        return self._write_tags(tags), len(tags)

    def _write_tags(self, tags: list[tuple[int, int, str, Sequence[int] | bytes]]) -> int:
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
        self._file.write(struct.pack("<Q" if self._big else "<H", len(entries)) + b"".join(entries) + bytes(width))
        return start

    def _even(self) -> int:
        if self._file.tell() % 2:
            self._file.write(b"\0")
        return self._file.tell()


class _Level:
    def __init__(self, shape: tuple[int, int], dtype: np.dtype[Any]):
        self.shape, self.dtype = shape, dtype
        self.places: list[tuple[int, int]] = []


def _header(big: bool) -> bytes:
    return struct.pack("<2sHHHQ", b"II", 43, 8, 0, 0) if big else struct.pack("<2sHI", b"II", 42, 0)


def _reduced(rows: NDArray[Any]) -> NDArray[Any]:
    """Means of squares of pixels; squares that are not whole are left out."""
    from lumentrace import _core

    high, wide = (length // STEP for length in rows.shape)
    if not high or not wide:
        return np.empty((high, wide), rows.dtype)
    if rows.dtype in (np.uint8, np.uint16, np.uint32, np.float32):
        means = _core.reduce_image(np.ascontiguousarray(rows), STEP)
    else:
        means = rows[: high * STEP, : wide * STEP].reshape(high, STEP, wide, STEP).mean(axis=(1, 3))
    return np.asarray(np.rint(means) if rows.dtype.kind in "ui" else means, rows.dtype)


def _ome(shape: tuple[int, int], dtype: np.dtype[Any], name: str, note: str) -> bytes:
    kind = OME_TYPES.get(dtype.name, dtype.name)
    reference = '<AnnotationRef ID="Annotation:0"/>' if note else ""
    annotation = (
        f'<StructuredAnnotations><CommentAnnotation ID="Annotation:0"><Value>{escape(note)}</Value></CommentAnnotation>'
        "</StructuredAnnotations>"
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://www.openmicroscopy.org/Schemas/'
        'OME/2016-06 http://www.openmicroscopy.org/Schemas/OME/2016-06/ome.xsd" Creator="lumentrace">'
        f'<Image ID="Image:0" Name={quoteattr(name)}><Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="{kind}" '
        f'SizeX="{shape[1]}" SizeY="{shape[0]}" SizeZ="1" SizeC="1" SizeT="1"><Channel ID="Channel:0:0" '
        'SamplesPerPixel="1"/><TiffData IFD="0" PlaneCount="1"/></Pixels>'
        f"{reference}</Image>{annotation if note else ''}</OME>"
    ).encode()
