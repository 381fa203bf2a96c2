"""TIFF files whose pages come back for ever, or that use the same bytes many times."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from lumentrace import FormatError
from lumentrace.storage import read_tiff
from lumentrace.storage.planes import open_plane
from lumentrace.storage.tiff import read_spacing
from lumentrace.twophoton.convert.tiff_movie import TiffMovie


def plane(path: Path) -> Any:
    with open_plane(path) as found:
        return list(found.blocks())


READERS: list[Callable[[Path], Any]] = [read_tiff, read_spacing, plane, TiffMovie]


def pages(path: Path) -> tuple[bytearray, list[int], list[int]]:
    """Three pages: the file, where each begins, and where it says which is next."""
    tifffile.imwrite(path, np.arange(3 * 64, dtype=np.uint16).reshape(3, 8, 8), photometric="minisblack", metadata=None)
    content = bytearray(path.read_bytes())
    place, begins, nexts = struct.unpack_from("<I", content, 4)[0], [], []
    while place:
        (tags,) = struct.unpack_from("<H", content, place)
        begins.append(place)
        nexts.append(place + 2 + 12 * tags)
        (place,) = struct.unpack_from("<I", content, nexts[-1])
    return content, begins, nexts


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("back_to", [0, 1, 2])
def test_pages_that_come_back(tmp_path: Path, read: Callable[[Path], Any], back_to: int) -> None:
    path = tmp_path / "loop.tif"
    content, begins, nexts = pages(path)
    struct.pack_into("<I", content, nexts[-1], begins[back_to])
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"loop\.tif: expected another page after 3, found that at byte"):
        read(path)


def test_more_pages_than_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "many.tif"
    pages(path)
    monkeypatch.setattr("lumentrace.storage.tiff.MOST_PAGES", 2)
    with pytest.raises(FormatError, match=r"many\.tif: expected at most 2 pages \(the limit\)"):
        read_tiff(path)


def bomb(path: Path, strips: int, compression: int, strip: bytes, rows: int = 256, columns: int = 4096) -> None:
    """A page of strips that are all the same bytes."""
    tags = 8
    data = 8 + 2 + 12 * tags + 4
    offsets = data + len(strip)
    counts = offsets + 4 * strips
    entries = [
        (256, 4, 1, columns),
        (257, 4, 1, rows * strips),
        (258, 3, 1, 8),
        (259, 3, 1, compression),
        (262, 3, 1, 1),
        (273, 4, strips, offsets),
        (278, 4, 1, rows),
        (279, 4, strips, counts),
    ]
    content = struct.pack("<2sHI", b"II", 42, 8) + struct.pack("<H", tags)
    content += b"".join(struct.pack("<HHII", *entry) for entry in entries) + bytes(4) + strip
    content += struct.pack(f"<{strips}I", *[data] * strips) + struct.pack(f"<{strips}I", *[len(strip)] * strips)
    path.write_bytes(content)


@pytest.mark.parametrize("compression", [1, 8])
def test_bytes_that_are_used_many_times(tmp_path: Path, compression: int) -> None:
    path = tmp_path / "bomb.tif"
    strip = zlib.compress(bytes(256 * 4096), 9) if compression == 8 else bytes(256 * 16)
    bomb(path, 2000, compression, strip, columns=4096 if compression == 8 else 16)
    with pytest.raises(FormatError, match=r"bomb\.tif: declares an image of [\d,]+ bytes, but holds"):
        read_tiff(path)
    with pytest.raises(FormatError, match=r"bomb\.tif: declares an image of [\d,]+ bytes, but holds"):
        plane(path)


def test_compression_alone_is_not_refused(tmp_path: Path) -> None:
    path = tmp_path / "zeros.tif"
    tifffile.imwrite(path, np.zeros((3000, 3000), np.uint8), compression="zlib", compressionargs={"level": 9})
    assert not read_tiff(path).pixels.any()
