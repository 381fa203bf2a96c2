"""MRC and CCP4 files of electron microscopes: a header of 1024 bytes, then the pixels."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np

from lumentrace.base.errors import FormatError
from lumentrace.data.lazy_image import About, LazyImage, Level, lazy_image
from lumentrace.storage.images.mapped import Mapped

SUFFIXES = (".mrc", ".mrcs", ".map", ".ccp4", ".rec", ".st")
HEADER = 1024
STAMP = slice(208, 212)
MODES = {0: "i1", 1: "i2", 2: "f4", 6: "u2", 12: "f2"}
"""Types of pixels by their number, as in Cheng et al., J. Struct. Biol. 192 (2015) 146."""
ANGSTROM = 1e-4
"""In micrometres."""


def open_mrc(path: Path) -> LazyImage:
    """Open an MRC file: sections along Z, of which X goes fastest.

    Raises
    ------
    FormatError
        If it is none, is cut off, or holds complex numbers.
    """
    with path.open("rb") as file:
        header = file.read(HEADER)
    if len(header) < HEADER or header[STAMP][:3] != b"MAP":
        raise FormatError(f"{path}: expected an MRC file with 'MAP ' at byte 208, found {header[STAMP]!r}")
    order = ">" if header[212:214] == b"\x11\x11" else "<"
    columns, rows, sections, mode = struct.unpack_from(f"{order}4i", header)
    grid, cell = struct.unpack_from(f"{order}3i", header, 28), struct.unpack_from(f"{order}3f", header, 40)
    (extended,) = struct.unpack_from(f"{order}i", header, 92)
    if mode not in MODES:
        raise FormatError(f"{path}: expected pixels of mode {', '.join(map(str, MODES))}, found mode {mode}")
    if min(columns, rows, sections) < 1 or extended < 0:
        raise FormatError(
            f"{path}: expected lengths above 0, found {columns} x {rows} x {sections} and a header of {extended} bytes"
        )
    source = Mapped(path, np.dtype(f"{order}{MODES[mode]}"), (sections, rows, columns), HEADER + extended)
    size = path.stat().st_size
    if source.end > size:
        raise FormatError(f"{path}: expected data up to byte {source.end:,}, found a file of {size:,} bytes (cut off?)")
    return lazy_image([Level(source, _spacing(grid, cell), source.chunks)], "ZYX", About(path.name, path=path))


def _spacing(grid: tuple[Any, ...], cell: tuple[Any, ...]) -> dict[str, float]:
    found = zip("XYZ", grid, cell, strict=True)
    return {axis: length / count * ANGSTROM for axis, count, length in found if count > 0 and 0 < length < np.inf}
