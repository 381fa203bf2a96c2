"""TIFF images of which a strip or tile is missing are refused: nothing stands in for pixels that are not there."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from lumentrace import FormatError, stain
from lumentrace.stain.files.images import read_raw
from lumentrace.storage import read_tiff

IMAGE = (np.arange(64 * 80).reshape(64, 80) % 251 + 1).astype(np.float32)
LAYOUTS: dict[str, dict[str, Any]] = {
    "strips": {"rowsperstrip": 8},
    "compressed strips": {"rowsperstrip": 8, "compression": "zlib"},
    "tiles": {"tile": (16, 16)},
    "compressed tiles": {"tile": (16, 16), "compression": "zlib"},
}
READERS: dict[str, Callable[[Path], Any]] = {
    "checkpoint": lambda path: stain.load_checkpoint(path.parent.parent / path.stem),
    "raw image": lambda path: read_raw(path).pixels,
    "picture": lambda path: read_tiff(path).pixels,
}
OFFSETS, COUNTS = ("StripOffsets", "TileOffsets"), ("StripByteCounts", "TileByteCounts")
BYTES = {3: "H", 4: "I", 16: "Q"}


def blank(path: Path, segment: int, tags: tuple[str, ...]) -> None:
    """Say that a strip or tile is nowhere, or of no bytes."""
    with tifffile.TiffFile(path) as file:
        chosen = [tag for tag in file.pages[0].tags if tag.name in tags]
        sizes = [struct.calcsize(BYTES[int(tag.dtype)]) for tag in chosen]
    content = bytearray(path.read_bytes())
    for tag, size in zip(chosen, sizes, strict=True):
        start = tag.valueoffset + size * segment
        content[start : start + size] = bytes(size)
    path.write_bytes(content)


@pytest.fixture(params=LAYOUTS)
def image(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "tiff" / "cell.tiff"
    path.parent.mkdir()
    tifffile.imwrite(path, IMAGE, metadata=None, **LAYOUTS[request.param])
    return path


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("tags", [OFFSETS + COUNTS, COUNTS, OFFSETS], ids=["both", "counts", "offsets"])
def test_a_segment_that_is_missing(image: Path, reader: str, tags: tuple[str, ...]) -> None:
    np.testing.assert_array_equal(READERS[reader](image), IMAGE)
    blank(image, 3, tags)
    with pytest.raises(FormatError, match=r"cell\.tiff: expected \d+ (strips|tiles) in page 1.*(strip|tile) 4"):
        READERS[reader](image)


@pytest.mark.parametrize("reader", READERS)
def test_a_list_of_segments_that_is_too_short(image: Path, reader: str) -> None:
    with tifffile.TiffFile(image) as file:
        chosen = [tag for tag in file.pages[0].tags if tag.name in OFFSETS + COUNTS]
    content = bytearray(image.read_bytes())
    for tag in chosen:
        content[tag.offset + 4 : tag.offset + 8] = struct.pack("<I", tag.count - 1)
    image.write_bytes(content)
    with pytest.raises(FormatError, match=r"cell\.tiff"):
        READERS[reader](image)


def test_a_plane_that_an_ome_file_does_not_hold(tmp_path: Path) -> None:
    path = tmp_path / "cell.ome.tif"
    tifffile.imwrite(path, np.stack([IMAGE, IMAGE]), metadata={"axes": "CYX"}, ome=True, rowsperstrip=8)
    content = path.read_bytes()
    assert content.count(b'SizeC="2"') == 1
    path.write_bytes(content.replace(b'SizeC="2"', b'SizeC="3"'))
    with pytest.raises(FormatError, match=r"cell\.ome\.tif"):
        read_tiff(path)
