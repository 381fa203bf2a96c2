"""Planes of TIFF files that are read piece by piece."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from lumentrace import FormatError
from lumentrace.storage import planes, read_tiff
from lumentrace.storage.planes import open_plane

SHAPE = (70, 90)


@pytest.mark.parametrize("band", [2**24, 1000])
@pytest.mark.parametrize(
    ("shape", "dtype", "options"),
    [
        (SHAPE, "u1", {}),
        (SHAPE, "u1", {"rowsperstrip": 7}),
        (SHAPE, "u2", {"byteorder": ">"}),
        (SHAPE, "f4", {"byteorder": ">"}),
        (SHAPE, "u1", {"compression": "zlib"}),
        (SHAPE, "u2", {"tile": (32, 32)}),
        ((*SHAPE, 3), "u2", {"photometric": "rgb"}),
        ((3, *SHAPE), "u1", {"photometric": "rgb", "planarconfig": "separate"}),
    ],
)
def test_blocks_make_the_image(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    shape: tuple[int, ...],
    dtype: str,
    options: dict[str, Any],
    band: int,
) -> None:
    monkeypatch.setattr(planes, "BAND", band)
    image = np.random.default_rng(0).integers(0, 200, shape).astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", image, **options)
    with open_plane(tmp_path / "a.tif") as plane:
        found = np.zeros((*SHAPE, plane.samples), dtype)
        for block in plane.blocks():
            high, wide, samples = block.pixels.shape
            assert block.pixels.dtype == np.dtype(dtype)
            place = np.s_[block.row : block.row + high, block.column : block.column + wide]
            found[*place, block.sample : block.sample + samples] = block.pixels
    expected = np.moveaxis(image, 0, -1) if options.get("planarconfig") else image.reshape(found.shape)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("options", [{}, {"rowsperstrip": 7}, {"compression": "packbits"}], ids=str)
def test_bits_are_packed_by_row(tmp_path: Path, options: dict[str, Any]) -> None:
    image = np.random.default_rng(0).random((70, 93)) < 0.4
    tifffile.imwrite(tmp_path / "a.tif", image, **options)
    found = np.zeros(image.shape, bool)
    with open_plane(tmp_path / "a.tif") as plane:
        assert plane.mode == "1"
        for block in plane.blocks():
            high, wide, _ = block.pixels.shape
            found[block.row : block.row + high, block.column : block.column + wide] = block.pixels[..., 0]
    np.testing.assert_array_equal(found, image)


def test_a_page_of_bits_that_is_too_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.ones((800, 800), bool))
    with tifffile.TiffFile(path, mode="r+b") as file:
        file.pages[0].tags["ImageLength"].overwrite(80_000)
    with pytest.raises(FormatError, match=r"a\.tif: expected 100 strips in page 1, found 1"), open_plane(path):
        pass


def test_a_single_strip_is_not_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planes, "BAND", 100_000)
    image = np.ones((2000, 2000, 3), np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", image, photometric="rgb", rowsperstrip=2000)
    with open_plane(tmp_path / "a.tif") as plane:
        tracemalloc.start()
        total = sum(int(block.pixels.sum()) for block in plane.blocks())
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert total == image.size
    assert peak < 1_000_000


def test_a_file_that_shrinks_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.ones((500, 500), np.uint8))
    with open_plane(path) as plane:
        path.write_bytes(path.read_bytes()[:100_000])
        with pytest.raises(FormatError, match=r"a\.tif: expected 250000 bytes from row 0 on, found"):
            list(plane.blocks())


def opened(path: Path) -> None:
    with open_plane(path):
        pass


def first_bytes(path: Path) -> list[tuple[int, int, int]]:
    """Where each page and its data begin, and how many tags it has."""
    with tifffile.TiffFile(path) as file:
        return [(page.offset, page.dataoffsets[0], len(page.tags)) for page in file.pages]


def two_pages(path: Path) -> bytes:
    """A file of two pages with strips and a description each, and its bytes."""
    with tifffile.TiffWriter(path) as file:
        for number in range(2):
            image = np.full((6, 40), number, np.uint8)
            file.write(image, rowsperstrip=2, description=f"page number {number} of two", metadata=None)
    return path.read_bytes()


@pytest.mark.parametrize("read", [read_tiff, opened])
def test_files_cut_anywhere_are_refused(read: Callable[[Path], Any], tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    content = two_pages(path)
    # The data of a page that is not read may be missing, and the gap before them.
    whole = len(content) if read is read_tiff else first_bytes(path)[1][1] - 16
    for length in range(1, whole):
        path.write_bytes(content[:length])
        told = "byte" if length > 400 else f"(file of {length} bytes|an image, found none)"
        with pytest.raises(FormatError, match=rf"a\.tif: expected .*{told}"):
            read(path)


@pytest.mark.parametrize("read", [read_tiff, opened])
@pytest.mark.parametrize("tag", ["ImageLength", "ImageWidth"])
def test_images_without_pixels_are_refused(read: Callable[[Path], Any], tmp_path: Path, tag: str) -> None:
    path = tmp_path / "a.tif"
    two_pages(path)
    with tifffile.TiffFile(path, mode="r+b") as file:
        file.pages[0].tags[tag].overwrite(0)
    with pytest.raises(FormatError, match=r"a\.tif: expected an image with pixels, found one of shape \(.*\b0\b.*\)"):
        read(path)


@pytest.mark.parametrize("read", [read_tiff, opened])
def test_pages_that_follow_each_other_in_a_circle(read: Callable[[Path], Any], tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    content = bytearray(two_pages(path))
    (first, *_), (second, _, tags) = first_bytes(path)
    end = second + 2 + 12 * tags
    content[end : end + 4] = first.to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(FormatError, match=rf"a\.tif: expected another page after 2, found that at byte {first} again"):
        read(path)


def test_values_and_chains_of_large_files(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    for options in ({"bigtiff": True}, {"byteorder": ">"}, {"bigtiff": True, "byteorder": ">"}):
        tifffile.imwrite(path, np.ones((3, 6, 40), np.uint16), photometric="minisblack", **options)
        assert read_tiff(path).pixels.shape == (3, 6, 40)
        content = path.read_bytes()
        place = first_bytes(path)[2][0] + 10
        path.write_bytes(content[:place])
        with pytest.raises(FormatError, match=r"expected page 3 at byte|expected page \d up to byte"):
            read_tiff(path)


def test_numbers_of_tags_that_are_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.ones((2, 6, 40), np.uint16), photometric="minisblack", bigtiff=True)
    content = bytearray(path.read_bytes())
    second = first_bytes(path)[1][0]
    content[second : second + 8] = (2**60).to_bytes(8, "little")
    path.write_bytes(content)
    with pytest.raises(FormatError, match=rf"a\.tif: expected page 2 at byte {second:,}, found a file of"):
        opened(path)
